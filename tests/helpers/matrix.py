"""The fault matrix: what happens to a run when one kind of call goes wrong in one way.

``python -m tests.helpers.matrix`` runs every cell and prints the table; ``tests/integration/
test_matrix.py`` runs the same cells. A cell says what a fault that passes does, and after the
slash what one that stays does:

=  ==========================================================================================
C  finishes complete: exit 0, every row is there
R  the one record is left out and it says so; everything else is complete, exit 0
S  the streams that need this call are skipped (missing rights), the others complete, exit 0;
   where it asks for the account's own columns, those
F  the streams that need this call fail, the others complete, exit 1
X  stops cleanly: exit 2, STATE good, run again
A  aborts and explains what is to be set right: exit 1
-  the cell cannot exist: :data:`CANNOT_BE` says why
=  ==========================================================================================

Whatever happens: the last line is a sentence, no traceback, no hang, nothing secret in stdout,
stderr or STATE at debug level, and a run without the fault, from a STATE that a target may have
seen last, brings all rows that were not out before it.
"""

# ruff: noqa: T201 -- what it prints is what it is for

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread, local
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from unittest import mock
from zlib import crc32

from aiohttp import web
from requests.adapters import HTTPAdapter

from pardot_emulator import Emulator
from pardot_emulator.server import Server
from tap_pardot.api.http import Transport
from tap_pardot.api.v4 import V4
from tap_pardot.api.v5 import V5
from tap_pardot.streams import STREAMS, V5_STREAMS
from tap_pardot.tap import TapPardot
from tests.helpers.runner import Runner
from tests.helpers.tap import Finished

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from requests import PreparedRequest, Response

    from pardot_emulator.faults import Fault as EmulatorFault
    from tests.helpers.tap import Tap

# --- what must happen ---------------------------------------------------------------------------


class Outcome(Enum):
    """How a run ends; the letter stands in the grid."""

    COMPLETE = "C"
    ONE_LEFT_OUT = "R"
    SKIPPED = "S"
    FAILED = "F"
    STOPPED = "X"
    ABORTED = "A"


EXIT_CODES = MappingProxyType(
    {
        Outcome.COMPLETE: 0,
        Outcome.ONE_LEFT_OUT: 0,
        Outcome.SKIPPED: 0,
        Outcome.FAILED: 1,
        Outcome.STOPPED: 2,
        Outcome.ABORTED: 1,
    }
)
"""DESIGN, promise 5."""

GRID = """
                    query create poll download child discovery token again account fields all
66                  C/F   C/F    C/F  C/F      C/F   C/X       -     -     C/X     C/F    -/X
122                 X/X   X/X    X/X  X/X      X/X   X/X       -     -     X/X     X/X    -/X
183                 C/F   C/F    C/F  C/F      C/F   C/X       -     -     C/X     C/F    -/X
184                 C/A   C/A    C/A  C/A      C/A   C/A       -     -     C/A     C/A    -/A
202                 C/F   C/F    C/F  C/F      C/F   C/X       -     -     C/X     C/F    -/X
214                 C/F   C/F    C/F  C/F      C/F   C/X       -     -     C/X     C/F    -/X
88                  C/A   C/A    C/A  C/F      C/A   C/A       -     -     C/A     C/A    -/A
89                  C/A   C/A    C/A  C/F      C/A   C/A       -     -     C/A     C/A    -/A
46                  S/S   S/S    S/S  S/S      R/S   S/S       -     -     C/C     S/S    -/S
49                  S/S   S/S    S/S  S/S      R/S   S/S       -     -     C/C     S/S    -/S
181                 A/A   A/A    A/A  A/A      A/A   A/A       -     -     A/A     A/A    -/A
201                 A/A   A/A    A/A  A/A      A/A   A/A       -     -     A/A     A/A    -/A
HTML-500            C/F   C/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
HTML-502            C/F   C/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
HTML-504            C/F   C/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
429-Retry-After     C/F   C/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
hang                C/F   C/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
reset               C/F   C/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
truncated           C/F   C/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
garbage             C/F   C/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
empty               C/F   C/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
wrong-envelope      C/F   F/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
expired-token       C/A   C/A    C/A  C/A      C/A   C/A       -     -     C/A     C/A    -/A
rotated-token       C/A   C/A    C/A  C/A      C/A   C/A       C/A   C/A   C/A     C/A    -/A
trickle             C/F   C/F    C/F  C/F      C/F   C/X       C/X   C/X   C/X     C/F    -/X
other-host          F/F   F/F    F/F  C/F      F/F   A/A       A/A   A/A   A/A     F/F    -/F
"""
"""By fault and call, what one that passes does, and what one that stays does.

Where one that passes is no ``C``: 122, 181, 201, 46 and 49 are refusals that no second try
changes (``errors.RULES``); only a file is fetched from another host (promise 8), and a first call
that is redirected there ends the run; an export whose creation was answered without its id exists
already, so it is not created again by itself.
The address of a file names the version of the API, so one that refuses it is lost.
"""

GRID_5 = """
                    first page own link
66                  C/C   C/F  C/F C/F
122                 X/X   X/X  X/X X/X
183                 C/C   C/F  C/F C/F
214                 C/C   C/F  C/F C/F
46                  C/C   F/F  S/S S/S
49                  C/C   F/F  S/S S/S
181                 A/A   A/A  A/A A/A
201                 A/A   A/A  A/A A/A
HTML-502            C/C   C/F  C/F C/F
HTML-504            C/C   C/F  C/F C/F
429-Retry-After     C/C   C/F  C/F C/F
hang                C/C   C/F  C/F C/F
reset               C/C   C/F  C/F C/F
truncated           C/C   C/F  C/F C/F
garbage             C/C   C/F  C/F C/F
wrong-envelope      C/C   C/F  C/F C/F
expired-token       C/C   C/F  C/S C/S
rotated-token       C/A   C/A  C/A C/A
other-host          C/C   F/F  F/F F/F
"""
"""The same for calls of version 5. Before SCHEMA is written, versions 3 and 4 read the stream.
Later it fails, and the next run begins with them.

A token that is refused a second time looks like a missing right (reference v5 A.7).
"""

CANNOT_BE = MappingProxyType(
    {
        "token": "the login is Salesforce's: it knows no Pardot code and takes no access token",
        "again": "the login is Salesforce's: it knows no Pardot code and takes no access token",
        "all": "a fault of all calls that passes with the first one is that of a query",
    }
)
"""By call, why a cell with ``-`` cannot exist."""


# --- where ------------------------------------------------------------------------------------

LISTS, TAGS, ACTIVITIES, EMAILS = "lists", "tags", "visitor_activities", "emails"
ALL = (LISTS, TAGS, ACTIVITIES, EMAILS)
FILES = "files"
STREAMS_OF = MappingProxyType(
    {
        "run": ALL,
        "discover": ALL,
        "fields": (LISTS, "prospects"),
        "version 5": (LISTS, TAGS, FILES),
    }
)
"""By kind of run, the streams that are read."""


@dataclass(frozen=True)
class Call:
    """A kind of call.

    Attributes:
        match: Which calls, in the words of the emulator's faults.
        streams: Those that cannot be read without it.
        nth: Which one goes wrong: later than the first, so that there are rows before it.
        nth_for_good: From which one on, when the fault stays.
        address: A part of the address of such a call.
        before: What else has to happen so that it is made.
        kind: What is run: ``run``, ``discover``, ``fields``, a run that asks for an object's
            own fields, or ``version 5``, a run under it.
        is_first: Whether nothing is read before it.
    """

    match: Mapping[str, Any]
    streams: tuple[str, ...] = ()
    nth: int = 1
    nth_for_good: int = 1
    address: str = "/"
    before: tuple[Mapping[str, Any], ...] = ()
    kind: str = "run"
    is_first: bool = False


_LIST = {"object": "list", "op": "query"}
_EXPIRE = {"change": {"expire_tokens": True}}
CALLS = {
    "query": Call(_LIST, (LISTS,), 2, 2, "/list/"),
    "create": Call({"op": "create"}, (ACTIVITIES, EMAILS), address="/do/create"),
    "poll": Call({"object": "export", "op": "read"}, (ACTIVITIES, EMAILS), address="/export/"),
    "download": Call({"op": "download"}, (ACTIVITIES, EMAILS), 2, 2, "/do/downloadResults"),
    # From the first one on, since one that is answered shows that the others are their ids' own.
    "child": Call({"object": "email", "op": "read"}, (EMAILS,), 2, 1, "/email/"),
    "discovery": Call(
        {"object": "customField"}, address="/customField/", kind="discover", is_first=True
    ),
    "token": Call({"op": "token"}, ALL, address="/oauth2/", is_first=True),
    "again": Call({"op": "token"}, ALL, 2, 2, "/oauth2/", before=({**_LIST, "nth": 2, **_EXPIRE},)),
    "account": Call({"object": "account"}, ALL, address="/account/", is_first=True),
    "fields": Call({"object": "customField"}, ("prospects",), address="/custom", kind="fields"),
    # The account, the creation of the export and the first page are answered.
    "all": Call({}, ALL, 4, 4),
}
"""``again`` is a login on the way, ``account`` a run's first call, ``fields`` the query for an
object's own fields in a run, ``all`` everything from the second page of lists on."""


_LISTS_5 = {"object": "list", "op": "query", "version": 5}
_FILES_5 = {"object": "file"}
_SECOND_PAGE = {"params": {"idGreaterThan": "2"}}
CALLS_5 = {
    "first": Call(_LISTS_5, (LISTS,), address="/objects/lists", kind="version 5"),
    "page": Call(_LISTS_5 | _SECOND_PAGE, (LISTS,), address="/objects/lists", kind="version 5"),
    "own": Call(_FILES_5, (FILES,), address="/objects/files", kind="version 5"),
    "link": Call(_FILES_5 | _SECOND_PAGE, (FILES,), address="/objects/files", kind="version 5"),
}
"""Calls of version 5: ``first`` is the first page of a stream that versions 3 and 4 have, too, and
``page`` its second one; ``own`` and ``link`` are those of a stream that only version 5 has."""


# --- what goes wrong ----------------------------------------------------------------------------

PERSON = "ada.sentinel@example.com"
"""Stands for a prospect's data: in every row, and in whatever goes wrong on the way."""
HUSH = "hush"
"""Is in every secret of the settings."""

_PAGE = f"<html><body><h1>Sorry</h1>{PERSON}</body></html>"
_WEB = {"Content-Type": "text/html"}


@dataclass(frozen=True)
class Fault:
    """A way for a call to go wrong.

    Attributes:
        once: What the emulator does to a call.
        stays: What it does to each one, where that is something else.
        oauth: How the connected app is set.
        version: The version of the API that the run begins with.
        hangs: Whether no answer comes, so that the test must not wait for it long.
        drips: Whether each byte takes the tap a few seconds.
        revoked: Whether, when the fault stays, no further login is granted.
    """

    once: Mapping[str, Any]
    stays: Mapping[str, Any] | None = None
    oauth: Mapping[str, Any] = field(default_factory=dict)
    version: int = 4
    hangs: bool = False
    drips: bool = False
    revoked: bool = False


def _code(number: int, **options: Any) -> Fault:
    return Fault({"code": number, "message": f"Sorry, {PERSON}"}, **options)


def _page(status: int) -> Fault:
    return Fault({"status": status, "body": _PAGE, "headers": _WEB})


def _version(code: int, before: int, after: int) -> Fault:
    """Salesforce moves the account to the other version; or it refuses both."""
    change = {"change": {"settings": {"api_version": after}}}
    return Fault(change, stays={"code": code}, version=before)


OTHER_HOST = "{other host}"
_DRIP = "X-Drip"
FAULTS = {
    **{str(code): _code(code) for code in (66, 122, 183, 184, 202, 214, 46, 49, 181, 201)},
    "88": _version(88, 3, 4),
    "89": _version(89, 4, 3),
    **{f"HTML-{status}": _page(status) for status in (500, 502, 504)},
    "429-Retry-After": Fault({"status": 429, "headers": {"Retry-After": "7"}}),
    "hang": Fault({"hang": 5}, hangs=True),
    "reset": Fault({"reset": True}),
    "truncated": Fault({"truncate": 20}),
    "garbage": Fault({"body": f'{{"result":{{"total_results":1,"list":[{{"id":1,"{PERSON}'}),
    "empty": Fault({"body": ""}),
    "wrong-envelope": Fault({"body": '{"@attributes":{"stat":"ok","version":1}}'}),
    "expired-token": Fault(_EXPIRE),
    "rotated-token": Fault(_EXPIRE, oauth={"rotate_refresh_token": True}, revoked=True),
    "trickle": Fault({"body": PERSON, "headers": {_DRIP: "1"}}, drips=True),
    "other-host": Fault({"redirect": OTHER_HOST}),
}
_REVOKED = {"op": "token", "status": 400, "body": '{"error":"invalid_grant"}', "times": None}


class Cell(NamedTuple):
    """One fault at one call, once or for good."""

    fault: str
    call: str
    stays: bool
    outcome: Outcome | None
    """None where the cell cannot exist."""

    @property
    def where(self) -> Call:
        """The kind of call that goes wrong."""
        return (CALLS | CALLS_5)[self.call]

    def __str__(self) -> str:
        return f"{self.fault} at {self.call}, {'for good' if self.stays else 'once'}"

    def faults(self, other_host: str) -> Iterator[dict[str, Any]]:
        """Yield what the emulator must do wrong."""
        fault, call = FAULTS[self.fault], self.where
        yield from map(dict, call.before)
        if self.stays and fault.revoked:
            yield _REVOKED | {"nth": 1 if self.call == "token" else 2}
            if self.call in {"token", "again"}:
                return
        action = dict((self.stays and fault.stays) or fault.once)
        if "redirect" in action:
            action["redirect"] = f"{other_host}/moved"
        if self.stays:
            yield {**call.match, "nth": call.nth_for_good, "times": None, **action}
        else:
            yield {**call.match, "nth": call.nth, **action}


def cells(grid: str = GRID) -> list[Cell]:
    """Return all cells of a grid, row by row."""
    head, *lines = (line.split() for line in grid.strip().splitlines())
    found = []
    for fault, *words in lines:
        for call, word in zip(head, words, strict=True):
            once, _, stays = word.partition("/")
            for letter, for_good in ((once, False), (stays or once, True)):
                outcome = None if letter == "-" else Outcome(letter)
                found.append(Cell(fault, call, for_good, outcome))
    return found


# --- one run ------------------------------------------------------------------------------------

NOW = "2024-06-01T12:00:00+00:00"
ROWS = {LISTS: 5, TAGS: 3, ACTIVITIES: 5, EMAILS: 3, "prospects": 3, FILES: 5}
"""Rows by stream, with ids from 1."""
SETTINGS = {
    # Two minutes to read: what takes too long is halved once, and then page by page.
    "start_date": "2024-06-01T11:57:00Z",
    "bulk_source": "export",
    "export_poll_interval": 1,
    "request_timeout": 1,
}
LONGEST = 20  # seconds of one run; a hundred times what it takes
MOST_CALLS = 100
_NEEDED = {*ALL, "prospects", "email_clicks"}
_TRY = 0.05  # seconds for which a call that hangs is waited for
_A_BYTE = 5  # seconds that each byte takes
_TRIES = 6


class Hung(BaseException):
    """A run took too long. No :class:`Exception`, so that nothing on the way handles it."""


class Clock:
    """Stands for :mod:`time` in the tap: waits pass at once.

    They pass for the thread that waits, or an answer would seem slow because another thread has
    slept. Each counts as a part of the 10 minutes that make an outage after the fewest tries.
    """

    def __init__(self) -> None:
        self._thread = local()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._pass(max(seconds, 600 / (_TRIES - 1)))

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        if getattr(self._thread, "drips", False):
            self._pass(_A_BYTE)
        return time.monotonic() + getattr(self._thread, "passed", 0.0)

    def drips(self, *, yes: bool) -> None:
        """Tell whether this thread's answers come byte by byte, so that each takes a while."""
        self._thread.drips = yes

    def _pass(self, seconds: float) -> None:
        self._thread.passed = getattr(self._thread, "passed", 0.0) + seconds


class _Network(HTTPAdapter):
    """The way to one kind of calls: slow, or not waited for long."""

    def __init__(self, address: str, fault: Fault, clock: Clock) -> None:
        super().__init__()
        self._address = address
        self._fault = fault
        self._clock = clock

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        concerned = self._address in (request.url or "")
        if concerned and self._fault.hangs:
            options["timeout"] = (1, _TRY)
        self._clock.drips(yes=concerned and self._fault.drips)
        return super().send(request, *args, **options)


class _Dripping(Server):
    """An emulator that can also send an answer byte by byte."""

    async def _end(
        self, http: web.Request, request: Any, call: Any, fault: EmulatorFault
    ) -> web.StreamResponse:
        if _DRIP not in (fault.headers or {}):
            return await super()._end(http, request, call, fault)
        response = web.StreamResponse()
        response.content_length = 1_000_000
        await response.prepare(http)
        until = time.monotonic() + LONGEST
        with suppress(OSError):  # the client has left
            while time.monotonic() < until and http.transport is not None:
                await response.write(b" ")
                await asyncio.sleep(0.005)
        return response


class OtherHost:
    """A host that is not Pardot's: it asks for a sign-in, and notes what it was shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        shown = self.shown

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                shown.append(f"{self.path}\n{self.headers}\n{self.rfile.read(length)!r}")
                body = _PAGE.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def bounded() -> Iterator[None]:
    """Raise :class:`Hung` when a block takes too long."""

    def stop(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Lab:
    """An account and a tap, in one process; each cell begins with the same account."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._runner = Runner(Path(self._folder.name))
        self.emulator = Emulator(timezone="America/New_York")
        self.emulator._server = _Dripping(self.emulator)
        self.other_host = OtherHost()
        self._clean: dict[str, set[str]] = {}

    def __enter__(self) -> Self:
        self.emulator.start()
        self._set_up(Fault({}))
        listed = self._tap("discover", self.config, Fault({}), "/")
        self.catalog = json.loads(listed.stdout)
        listed = self._tap("discover", self.config | {"api_version": 5}, Fault({}), "/")
        self.catalog_5 = json.loads(listed.stdout)
        for kind in STREAMS_OF:
            self._set_up(Fault({}), kind)
            self._clean[kind] = _words(self._tap(kind, self.config, Fault({}), "/"))
        return self

    def __exit__(self, *_: object) -> None:
        self.emulator.stop()
        self.other_host.stop()
        self._folder.cleanup()

    # --- the account ---

    def _set_up(self, fault: Fault, kind: str = "run") -> None:
        emulator = self.emulator
        emulator.reset()
        emulator.expire_tokens()
        self.other_host.shown.clear()
        emulator.set(
            clock=NOW,
            api_version=fault.version,
            export_polls=1,
            export_file_rows=2,
            oauth={
                "client_secret": f"{HUSH}-client",
                "refresh_token": f"{HUSH}-refresh",
                "rotate_refresh_token": False,
                **fault.oauth,
            },
        )
        for name, rows in account().items():
            emulator.add(name, rows)
        token_file = Path(self._folder.name, "token.json")
        token_file.unlink(missing_ok=True)
        self.config = {
            **emulator.config,
            **SETTINGS,
            "api_version": fault.version,
            "token_file": str(token_file),
        }
        if kind == "version 5":  # whose runs end a minute earlier
            self.config |= {"api_version": 5, "lookback_seconds": 0}

    def prepare(self, cell: Cell) -> dict[str, Any]:
        """Make the account anew, with the fault; return the settings."""
        self._set_up(FAULTS[cell.fault], cell.where.kind)
        for options in cell.faults(self.other_host.url):
            self.emulator.fault(**options)
        return self.config

    # --- runs ---

    def selected(self, kind: str) -> dict[str, Any]:
        """Return the catalog of a run."""
        catalog = self.catalog_5 if kind == "version 5" else self.catalog
        chosen = STREAMS_OF[kind]
        return {"streams": [e for e in catalog["streams"] if e["tap_stream_id"] in chosen]}

    def _tap(
        self, kind: str, config: Mapping[str, Any], fault: Fault, address: str, state: Any = None
    ) -> Finished:
        clock = Clock()

        def transport(**options: Any) -> Transport:
            made = Transport(**options)
            made.session.mount("http://", _Network(address, fault, clock))
            return made

        options = ["--discover"] if kind == "discover" else []
        catalog = None if kind == "discover" else self.selected(kind)
        with ExitStack() as stack:
            for module in (f"tap_pardot.{name}" for name in _WAITING):
                stack.enter_context(mock.patch(f"{module}.time", clock))
            few = tuple(stream for stream in STREAMS if stream.name in _NEEDED)
            stack.enter_context(mock.patch.object(TapPardot, "stream_types", few))
            new = tuple(stream for stream in V5_STREAMS if stream.name == FILES)
            stack.enter_context(mock.patch.object(TapPardot, "v5_stream_types", new))
            stack.enter_context(mock.patch("tap_pardot.sync.context.Transport", transport))
            for dialect in (V4, V5):
                stack.enter_context(mock.patch.object(dialect, "page_size", 2))
            stack.enter_context(bounded())
            try:
                return self._runner.run(
                    dict(config), *options, state=state, catalog=catalog, env=_DEBUG
                )
            except Hung:
                return Finished(f"hung after {LONGEST} seconds", "", "")

    def problems(self, cell: Cell, command: Tap | None = None) -> list[str]:
        """Run a cell, in this process or by the command line; return what is wrong."""
        call, fault = cell.where, FAULTS[cell.fault]
        config = self.prepare(cell)
        if command is None:
            done = self._tap(call.kind, config, fault, call.address)
            found = [] if self._logs_something_new(cell, done) else ["the log does not mention it"]
        else:
            done = self._by_command(command, call.kind)
            found = []
        found += [
            *ends_badly(cell, done),
            *forbidden_output(done),
            *self._shown(),
            *wrong_rows(cell, done),
        ]
        if not all(each["fired"] for each in self.emulator.faults):
            found.append("the fault was never met")
        if len(self.emulator.calls) > MOST_CALLS:
            found.append(f"{len(self.emulator.calls)} calls were made")

        self.emulator.clear_faults()
        self.emulator.forward(600)
        before: dict[str, set[int]] = {}
        state = None
        if call.kind != "discover":
            before, state = seen_by_target(crc32(str(cell).encode()), done)
        again = self._tap(call.kind, config, Fault({}), "/", state)
        after = [*forbidden_output(again), *still_missing(cell, before, again)]
        return found + [f"the run after it: {each}" for each in after]

    def _by_command(self, tap: Tap, kind: str) -> Finished:
        if kind == "discover":
            return tap.run(self.config, "--discover", env=_DEBUG, timeout=LONGEST)
        return tap.run(self.config, catalog=self.selected(kind), env=_DEBUG, timeout=LONGEST)

    def _logs_something_new(self, cell: Cell, done: Finished) -> bool:
        """Whether a run says something that one without a fault does not."""
        if cell.call == "account" and cell.fault in {"46", "49"}:
            return True  # the stream account is not selected, so nobody misses it
        return bool(_words(done) - self._clean[cell.where.kind])

    def _shown(self) -> Iterator[str]:
        text = "\n".join(self.other_host.shown)
        if leaks(text) or re.search("(?i)authorization|business-unit", text):
            yield "another host was shown a secret"


_WAITING = ("api.http", "api.retry", "api.clock", "sources.export_jobs")
_DEBUG = {"TAP_PARDOT_LOGLEVEL": "DEBUG"}


def account() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the account, each with a person's data."""

    def rows(stream: str, **values: Any) -> list[dict[str, Any]]:
        moments = ("2024-06-01T11:57:10Z", "2024-06-01T11:58:20Z")
        return [
            {"id": n, "created_at": moments[n % 2], "updated_at": moments[n % 2], **values}
            for n in range(1, ROWS[stream] + 1)
        ]

    activities = rows(ACTIVITIES, type=11, details=PERSON)
    for each in activities:
        each["email_id"] = (each["id"] - 1) % ROWS[EMAILS] + 1
    emails = [{"id": n, "name": PERSON, "subject": PERSON} for n in range(1, ROWS[EMAILS] + 1)]
    files = [
        {"id": each["id"], "name": PERSON, "createdAt": each["created_at"]} for each in rows(FILES)
    ]
    return {
        "file": files,
        "list": rows(LISTS, name=PERSON),
        "tag": rows(TAGS, name=PERSON),
        "visitorActivity": activities,
        "email": emails,
        "customField": [{"id": 1, "name": "Colour", "field_id": "Colour", "type": "Text"}],
        "prospect": rows("prospects", email=PERSON, custom={"Colour": PERSON}),
    }


# --- what must hold for a run ------------------------------------------------------------------

_NEVER = re.compile(
    # Headers, web tokens, access tokens and rotated refresh tokens of the emulator, and data.
    rf"(?i:authorization)|Bearer |\beyJ|!AQ|5Aep|PRIVATE KEY|{HUSH}-|(?i:sentinel)"
)
_SENTENCE = re.compile(r"[A-Z0-9][^\n]{15,}[.)]")
_ENDS = MappingProxyType(
    {
        Outcome.COMPLETE: "^Complete: ",
        Outcome.ONE_LEFT_OUT: "^Complete: ",
        Outcome.SKIPPED: r"^Complete: .* Skipped: ",
        Outcome.FAILED: "^Not complete .* failed",
        Outcome.STOPPED: "[Rr]un again",
        Outcome.ABORTED: r"\b(check|set|ask)\b",
    }
)


def leaks(text: str) -> bool:
    """Whether a text holds a secret or a person's data."""
    return _NEVER.search(text) is not None


def forbidden_output(run: Finished) -> Iterator[str]:
    """Yield what a run must not have written, whatever happened to it."""
    lines = run.stdout.splitlines()
    others = [
        line for line in lines if not line.startswith(('{"type":"RECORD"', '{"type":"SCHEMA"'))
    ]
    text = "\n".join([run.stderr, *others])
    if leaks(text):
        line = next((each for each in text.splitlines() if leaks(each)), "")
        yield f"a secret or a person's data is written: {line[:200]}"
    if "Traceback" in run.stderr:
        yield "a traceback is written"
    if "unexpected error" in run.stderr:
        yield "an unexpected error came"


def ends_badly(cell: Cell, done: Finished) -> Iterator[str]:
    """Yield what is wrong with the exit code and the last line of stderr."""
    outcome, kind = cell.outcome, cell.where.kind
    assert outcome is not None, CANNOT_BE[cell.call]
    if done.exit_code != EXIT_CODES[outcome]:
        yield f"exit code {done.exit_code}, not {EXIT_CODES[outcome]}"
    if outcome is Outcome.SKIPPED and kind == "fields":
        outcome = Outcome.COMPLETE  # columns are left out, no stream
    if kind == "discover" and outcome in {Outcome.COMPLETE, Outcome.SKIPPED}:
        return  # the catalog speaks for itself
    last = done.last_line if done.stderr.strip() else ""
    if not _SENTENCE.fullmatch(last) or not re.search(_ENDS[outcome], last):
        yield f"the last line is: {last}"


def ids_by_stream(messages: Iterable[Mapping[str, Any]]) -> dict[str, set[int]]:
    """Return the ids of the records among messages, by stream."""
    found: dict[str, set[int]] = {}
    for each in messages:
        if each["type"] == "RECORD":
            found.setdefault(each["stream"], set()).add(each["record"]["id"])
    return found


def seen_by_target(chance: int, done: Finished) -> tuple[dict[str, set[int]], Any]:
    """Return what a target has of a run that it saw to some STATE, and that STATE.

    To the last one in half of all cases; in the others the run ended, for the target, at one on
    the way.
    """
    messages = done.messages
    places = [n for n, each in enumerate(messages) if each["type"] == "STATE"]
    if not places:
        return {}, None
    place = places[min(chance % (2 * len(places)), len(places) - 1)]
    return ids_by_stream(messages[:place]), messages[place]["value"]


def expected(kind: str) -> dict[str, set[int]]:
    """Return the ids by stream that a complete run brings."""
    return {stream: set(range(1, ROWS[stream] + 1)) for stream in STREAMS_OF[kind]}


def wrong_rows(cell: Cell, done: Finished) -> Iterator[str]:
    """Yield what a run did not bring, or should not have."""
    call, outcome = cell.where, cell.outcome
    if call.kind == "discover":
        yield from _wrong_catalog(done, outcome)
        return
    rows = ids_by_stream(done.messages)
    if outcome in {Outcome.STOPPED, Outcome.ABORTED}:
        if call.is_first and rows:
            yield "there are rows although nothing could be read"
    elif call.kind == "fields" and outcome is not Outcome.FAILED:
        yield from _lacking(rows, expected(call.kind))
        yield from _wrong_columns(done, outcome)
    elif outcome is Outcome.ONE_LEFT_OUT:
        need = expected(call.kind)
        (stream,) = call.streams
        yield from _lacking(rows, {name: ids for name, ids in need.items() if name != stream})
        if len(need[stream] - rows[stream]) != 1 or stream not in _warnings(done):
            yield f"{stream}: not one row is left out, or no warning names it"
    else:
        streams = () if outcome is Outcome.COMPLETE else call.streams
        need = expected(call.kind)
        yield from _lacking(rows, {name: ids for name, ids in need.items() if name not in streams})
        for stream in streams:
            if not re.search(rf"\b{stream}\b", done.last_line):
                yield f"the last line does not name {stream}"


def _lacking(rows: Mapping[str, set[int]], need: Mapping[str, set[int]]) -> Iterator[str]:
    for stream, ids in need.items():
        if lost := ids - rows.get(stream, set()):
            yield f"{stream}: {len(lost)} rows are missing"


def _wrong_columns(done: Finished, outcome: Outcome | None) -> Iterator[str]:
    values = {each.get("colour") for each in done.records["prospects"]}
    if values != ({PERSON} if outcome is Outcome.COMPLETE else {None}):
        yield "the account's own column does not hold what it should"
    if outcome is Outcome.SKIPPED and "prospects" not in _warnings(done):
        yield "no warning says that the custom columns are left out"


def _wrong_catalog(done: Finished, outcome: Outcome | None) -> Iterator[str]:
    if outcome in {Outcome.STOPPED, Outcome.ABORTED}:
        if done.stdout:
            yield "there is a catalog although it cannot be right"
        return
    entries = json.loads(done.stdout)["streams"]
    columns = {each["tap_stream_id"]: each["schema"]["properties"] for each in entries}
    if not columns.keys() >= _NEEDED:
        yield "the catalog has not all streams"
    if ("colour" in columns["prospects"]) is not (outcome is Outcome.COMPLETE):
        yield "the account's own columns are not as they should be"
    if outcome is Outcome.SKIPPED and "prospects" not in _warnings(done):
        yield "no warning says that the custom columns are left out"


def still_missing(cell: Cell, before: dict[str, set[int]], again: Finished) -> Iterator[str]:
    """Yield what is missing after the next run, beside what a target had before."""
    if again.exit_code != 0:
        yield f"exit code {again.exit_code}: {again.last_line}"
    call = cell.where
    if call.kind == "discover":
        yield from _wrong_catalog(again, Outcome.COMPLETE)
        return
    rows = ids_by_stream(again.messages)
    for stream, ids in expected(call.kind).items():
        lost = ids - before.get(stream, set()) - rows.get(stream, set())
        if lost and not (cell.outcome is Outcome.ONE_LEFT_OUT and stream in call.streams):
            yield f"{stream}: {len(lost)} rows never come"


def _warnings(run: Finished) -> str:
    lines = run.stderr.splitlines()
    return "\n".join(line for line in lines if re.search(r"\| (WARNING|ERROR) *\|", line))


def _words(run: Finished) -> set[str]:
    """Return what a run says, without numbers and times."""
    lines = (line.split(" | ", 1)[-1] for line in run.stderr.splitlines())
    return {re.sub(r"[\d.:+]+", "#", line) for line in lines}


# --- the table ----------------------------------------------------------------------------------

_GREEN, _RED, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[0m"


def main() -> int:
    """Run every cell and print the table; return the exit code: 1 if a cell is red."""
    started = time.monotonic()
    colours = (_GREEN, _RED, _PLAIN) if sys.stdout.isatty() else ("", "!", "")
    red: dict[Cell, list[str]] = {}
    lines: dict[str, list[str]] = {}
    with Lab() as lab:
        for cell in cells():
            letter = "-" if cell.outcome is None else cell.outcome.value
            if cell.outcome is not None and (problems := lab.problems(cell)):
                red[cell] = problems
            colour = colours[1] if cell in red else colours[0]
            end = "" if cell.outcome is None else colours[2]
            row = lines.setdefault(cell.fault, [])
            text = f"{'' if cell.outcome is None else colour}{letter}{end}"
            if cell.stays:
                row[-1] += f"/{text}"
            else:
                row.append(text)
    print(__doc__.partition("\n\n")[2].rpartition("\n\n")[0])
    print(f"\n{'':18}" + "".join(f"{call:11}" for call in CALLS))
    for fault, words in lines.items():
        wide = (f"{word}{' ' * (11 - len(re.sub(chr(27) + '[^m]*m', '', word)))}" for word in words)
        print(f"{fault:18}" + "".join(wide))
    for call, why in CANNOT_BE.items():
        print(f"\n- at {call}: {why}", end="")
    number = sum(cell.outcome is not None for cell in cells())
    print(f"\n\n{number - len(red)} of {number} cells are green.")
    print(f"It took {time.monotonic() - started:.0f} seconds.")
    for cell, problems in red.items():
        print(f"{cell}: {'; '.join(problems)}")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
