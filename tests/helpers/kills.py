"""An account that changes while it is read, a tap that is killed, and what a target keeps of it.

A run of the tap is a process of its own with the real command line. To be quick it is forked from
one that has imported the tap already: ``python -m tests.helpers.kills`` is that process.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import wait
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

from pardot_emulator import Emulator
from pardot_emulator.objects import STATS_COUNTS
from tap_pardot import cli
from tap_pardot.api.dialect import Lookup, Query
from tap_pardot.api.v4 import V4
from tap_pardot.api.v5 import V5
from tap_pardot.sources import email_lookups, export_jobs, lookup
from tap_pardot.state import id_set
from tap_pardot.streams import STREAMS
from tap_pardot.streams.endpoints import is_child
from tap_pardot.sync.context import CACHE_SECONDS, VERSION_5
from tests.helpers.catalog import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
START = "2024-06-01T12:00:00+00:00"
START_DATE = "2022-08-01T00:00:00Z"  # two windows of a year
MOST_SECONDS = 60  # of a run that nothing disturbs; a hundred times what it takes
STALL = 0.03  # seconds for which a slow target does not read
PAGES = 100  # address of the first page view of a visit


# --- what is in the account -----------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """How rows of an object come, change and go.

    Attributes:
        version: The field by which versions of a row differ.
        created: The field with the time a row was made; None where there is none.
        updated: The field with the time of its last change; None where rows never change.
        deletes: Whether rows can be deleted for good.
        has_bin: Whether a row that is deleted goes to the recycle bin.
        changes: Whether rows can change.
    """

    version: str
    created: str | None = "created_at"
    updated: str | None = "updated_at"
    deletes: bool = True
    has_bin: bool = False
    changes: bool = True


KINDS = {
    "list": Kind("name"),
    "campaign": Kind("name"),
    "opportunity": Kind("name"),
    "lifecycleStage": Kind("name", created=None, updated=None),
    "import": Kind("state", created="createdAt", updated="updatedAt"),
    "tagObject": Kind("object_id", updated=None, changes=False),
    # What has happened stays: figures of e-mails are counted from these.
    "emailClick": Kind("url", updated=None, changes=False, deletes=False),
    "visitorActivity": Kind("details", deletes=False),
    "visitor": Kind("hostname", deletes=False),
    "listMembership": Kind("list_id", has_bin=True),
    "visit": Kind("campaign_parameter", deletes=False),
    "email": Kind("name", updated=None, changes=False, deletes=False),
    "emailTemplate": Kind("name", deletes=False),
}
OBJECTS = {
    "lists": ("list",),
    "campaigns": ("campaign",),
    "lifecycle_stages": ("lifecycleStage",),
    "imports": ("import",),
    "tag_objects": ("tagObject",),
    "opportunities": ("opportunity",),
    "opportunity_prospects": ("opportunity",),
    "email_clicks": ("emailClick",),
    "visitor_activities": ("visitorActivity",),
    "emails": ("visitorActivity", "emailClick"),
    "email_stats": ("visitorActivity", "emailClick"),
    "list_memberships": ("listMembership",),
    "visitors": ("visitor",),
    "visits": ("visitor", "visit"),
    "visitor_page_views": ("visitor", "visit"),
}
"""By stream, the objects whose rows matter to it; its own rows are those of the last one."""

READ_BY_VERSION_5 = (
    *("lists", "campaigns", "lifecycle_stages", "opportunities", "visitor_activities"),
    *("list_memberships", "visitors", "visits", "visitor_page_views"),
)
"""Streams that version 5 reads, whose objects are there."""

READ_FROM = {
    **OBJECTS,
    "emails": (*OBJECTS["emails"], "email"),
    "email_templates": ("visitorActivity", "emailClick", "emailTemplate"),
}
"""By stream, the objects whose rows matter to it where the version of the API changes."""

RESUMED_WHOLE = frozenset(
    {"campaigns", "lifecycle_stages", "opportunities", "opportunity_prospects"}
)
"""Read whole: what changes behind a killed run's cursor comes with the next reading."""

_EITHER = frozenset({"campaigns", "opportunities"})

_EMAILS = 3  # list e-mails that activities name
_LIST_EMAIL, _EMAIL, _TEMPLATE = 100, 200, 1  # first ids
_SENT = 1000  # address of the activity that says an e-mail was sent


@dataclass(frozen=True)
class Change:
    """A row is written, or (``deletes``) deleted, ``age`` seconds before anybody sees it."""

    object: str
    id: int
    deletes: bool = False
    age: int = 0


@dataclass(frozen=True)
class Stop:
    """How a run ends.

    Attributes:
        signal: SIGKILL or SIGTERM.
        at: ``request`` (before Pardot gets it), ``answer`` (before the tap gets it)
            or ``message`` (when the target has read it).
        n: Which one, from 1; a run that has fewer ends undisturbed.
        lost: With SIGKILL, the last lines that the target has not read or stored.
    """

    signal: str
    at: str
    n: int
    lost: int = 0


@dataclass(frozen=True)
class Run:
    """One run and what happens around it.

    Attributes:
        stop: How it ends.
        pause: Seconds since the last one.
        before: What changes then.
        settles: Seconds from these changes to the run.
        during: What changes while it runs, each just before the n-th request is answered.
        expire: What vanishes before it: ``tokens``, ``exports``, or nothing.
        version: The setting ``api_version``; None for the plan's.
    """

    stop: Stop
    pause: int = 0
    before: tuple[Change, ...] = ()
    settles: int = 0
    during: tuple[tuple[int, Change], ...] = ()
    expire: str = ""
    version: int | None = None


@dataclass(frozen=True)
class Plan:
    """Everything about one example.

    Attributes:
        streams: Those selected.
        rows: By object, how many seconds before the first run each row was written.
        runs: The runs, each of them killed; an undisturbed one follows.
        bulk_source: The setting.
        requests_at_once: The setting ``max_concurrent_requests``.
        lookback: The setting ``lookback_seconds``.
        export_polls: Looks until an export is complete.
        page: Rows of a page of a query, and of an export's file.
        drain_at: Pending ids of a child at which its parents pause.
        incremental: Whether what is read whole by default is asked for what changed only.
        pipe: Bytes between tap and target.
        width: Letters by which texts are longer; a block of more than 4096 bytes can be cut.
        version: The setting ``api_version`` of runs that have none of their own, and of those
            that nothing disturbs.
    """

    streams: tuple[str, ...]
    rows: dict[str, list[int]] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    bulk_source: str = "export"
    requests_at_once: int = 1
    lookback: int = 60
    export_polls: int | None = None
    page: int = 3
    drain_at: int = id_set.DRAIN_AT
    incremental: bool = False
    pipe: int = 65536
    width: int = 0
    version: int = 4

    @property
    def settled(self) -> int:
        """Seconds after which a change lies before the end of a run's window."""
        return self.lookback + (2 if self.version < VERSION_5 else 2 + CACHE_SECONDS)


class Account(Emulator):
    """An emulator that changes, and may end the run, at a request.

    Args:
        plan: What to begin with.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(
            timezone="America/New_York",
            clock=START,
            export_seconds=0,
            export_polls=plan.export_polls,
            export_file_rows=plan.page,
        )
        self.written = 0
        self._width = plan.width
        self.ever: dict[str, set[int]] = defaultdict(set)
        self._made: dict[tuple[str, int], int] = {}
        self.begin(())
        answer = self._server._play

        async def watched(*arguments: Any) -> Any:
            if len(self.login_log) == self._logins:  # a killed run sent it
                return await answer(*arguments)
            self.requests += 1
            number, victim = self.requests, self._victim
            for change in self._during.get(number, ()):
                self.forward(1)
                self.apply(change)
            if victim is not None:
                victim.reached("request", number)
            response = await answer(*arguments)
            if victim is not None:  # even if the next run has begun
                victim.reached("answer", number)
            return response

        self._server.__dict__["_play"] = watched
        mail = [*range(_LIST_EMAIL, _LIST_EMAIL + _EMAILS + 1), *range(_EMAIL, _EMAIL + _EMAILS)]
        self.add("email", [{"id": number, "name": f"E-mail {number}"} for number in mail])
        sent = {"isSent": True, "sentAt": self.settings.now() - 50_000_000}
        listed = range(_LIST_EMAIL, _LIST_EMAIL + _EMAILS + 1)
        times = {"createdAt": sent["sentAt"], "updatedAt": sent["sentAt"]}
        self.add("listEmail", [{"id": number, **sent, **times} for number in listed])
        for name, ages in plan.rows.items():
            for number, age in enumerate(ages, start=1):
                self.apply(Change(name, number, age=age))

    def begin(self, during: Iterable[tuple[int, Change]], stop: Victim | None = None) -> None:
        """Count the requests of the run that logs in next."""
        self.requests = 0
        self._logins = len(self.login_log)
        self._victim = stop
        self._during: dict[int, list[Change]] = defaultdict(list)
        for number, change in during:
            self._during[number].append(change)

    def apply(self, change: Change) -> None:
        """Change a row, as far as rows of its kind can."""
        with self.lock:
            kind, number = KINDS[change.object], change.id
            there = (change.object, number) in self._made
            if change.deletes and not kind.has_bin:
                if kind.deletes and there:
                    self.delete(change.object, number)
                    del self._made[change.object, number]
                return
            if there and not kind.changes:
                return
            self.written += 1
            self.ever[change.object].add(number)
            self.add(change.object, [self._row(change, kind)])
            if change.object == "visit":  # a visitor who comes again has changed
                self.apply(Change("visitor", number, age=change.age))
            elif change.object == "email":
                self.apply(Change("visitorActivity", _SENT + number, age=change.age))

    def _moment(self, change: Change) -> int:
        """Return when a row is written; a visitor changes with each visit."""
        moment: int = self.settings.now() - change.age
        if change.object != "visitor":
            return moment
        visits = [row for row in self.rows("visit") if row["visitor_id"] == change.id]
        return max([moment, *(row["updated_at"] for row in visits)])

    def _row(self, change: Change, kind: Kind) -> dict[str, Any]:
        number, version, moment = change.id, self.written, self._moment(change)
        new: dict[str, Any] = {"id": number}
        text = f"v{version}" + self._width * "."
        new[kind.version] = version if kind.version.endswith("_id") else text
        made = self._made.setdefault((change.object, number), moment)
        if kind.created is not None:
            new[kind.created] = made
        if kind.updated is not None:
            new[kind.updated] = moment
        if kind.has_bin:
            new["deleted"] = change.deletes
        match change.object:
            case "visitorActivity":
                which = number % _EMAILS
                new |= {
                    "type": 11,
                    "email_id": number - _SENT if number > _SENT else _EMAIL + which,
                    "list_email_id": _LIST_EMAIL + which,
                    "email_template_id": _TEMPLATE + which,
                }
            case "email":
                new["sent_at"] = moment
            case "emailTemplate":
                new["isOneToOneEmail"] = True
            case "emailClick":
                # One more than activities name.
                new["list_email_id"] = _LIST_EMAIL + number % (_EMAILS + 1)
            case "opportunity":
                new["prospects"] = [{"id": 1 + number % 2}]
            case "visit":
                new["visitor_id"] = number
                view = {"id": PAGES + number, "url": text, "created_at": moment}
                new["visitor_page_views"] = [view]
        return new

    def expire(self, what: str) -> None:
        """Let what was given out before be worth nothing."""
        if what == "tokens":
            self.expire_tokens()
        elif what == "exports":
            self.set_export(expired=True)

    # --- what a target should hold ---

    def truth(self, stream: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        """Return by key what a target's rows must hold."""
        match stream:
            case "emails":
                named = {row["email_id"] for row in self.rows("visitorActivity")}
                names = {row["id"]: row["name"] for row in self.rows("email")}
                return {(number,): {"name": names[number]} for number in named}
            case "email_templates":
                return {(row["id"],): {"name": row["name"]} for row in self.rows("emailTemplate")}
            case "email_stats":
                both = [*self.rows("visitorActivity"), *self.rows("emailClick")]
                named = {row["list_email_id"] for row in both}
                figures = {number: self.stats(number) for number in named}
                return {
                    (number,): {name: found[name] for name in STATS_COUNTS}
                    for number, found in figures.items()
                }
            case "opportunity_prospects":
                return {
                    (row["id"], prospect["id"]): {"opportunity_updated_at": iso(row["updated_at"])}
                    for row in self.rows("opportunity")
                    for prospect in row["prospects"]
                }
            case "visitor_page_views":
                return {
                    (view["id"],): {"url": view["url"], "created_at": iso(view["created_at"])}
                    for view in self.page_views()
                }
        name = OBJECTS[stream][-1]
        return {(row["id"],): _record(KINDS[name], stream, row) for row in self.rows(name)}

    def missing(self, target: Target, streams: Iterable[str]) -> dict[str, Any]:
        """Return what a target does not hold as it is here, by stream and key, both versions."""
        found: dict[str, Any] = {}
        for stream in streams:
            for key, row in self.truth(stream).items():
                here = target.tables[stream].get(key)
                shown = None if here is None else {name: here[name] for name in row}
                if shown != row:
                    found.setdefault(stream, {})[key] = {"emulator": row, "target": shown}
        return found

    def unheard_of(self, target: Target, streams: Iterable[str]) -> dict[str, set[int]]:
        """Return the ids in a target that never were here."""
        found = {
            stream: {record["id"] for record in target.tables[stream].values()}
            - self.ever[OBJECTS[stream][-1]]
            for stream in streams
            if not _IS_CHILD[stream] and OBJECTS[stream][-1] in KINDS
        }
        return {stream: ids for stream, ids in found.items() if ids}


_IS_CHILD = {stream.name: is_child(stream) for stream in STREAMS}


def _record(kind: Kind, stream: str, row: dict[str, Any]) -> dict[str, Any]:
    record = {kind.version: row[kind.version]}
    if kind.created is not None and stream != "campaigns":  # whose times Pardot does not send
        record["created_at"] = iso(row[kind.created])
        if kind.updated is not None:
            record["updated_at"] = iso(row[kind.updated])
    if kind.has_bin:
        record["is_deleted"] = bool(row["deleted"])
    return record


def iso(seconds: int) -> str:
    """Return an instant as records write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


# --- what a target keeps --------------------------------------------------------------------


class Target:
    """Tables that upsert by key, and STATE as Meltano keeps it: each merged into the last."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = defaultdict(dict)
        self.state: dict[str, Any] = {}

    def load(self, lines: Iterable[str]) -> None:
        """Take the messages of one run."""
        keys: dict[str, list[str]] = {}
        for line in lines:
            message = json.loads(line)
            if message["type"] == "SCHEMA":
                keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                record, stream = message["record"], message["stream"]
                self.tables[stream][tuple(record[name] for name in keys[stream])] = record
            elif message["type"] == "STATE":
                merge(message["value"], self.state)


def merge(source: dict[str, Any], into: dict[str, Any]) -> None:
    """Merge deeply, as Meltano does: a key that is left out stays."""
    for key, value in source.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(value, into[key])
        else:
            into[key] = json.loads(json.dumps(value))


# --- runs -----------------------------------------------------------------------------------


class Victim:
    """A run that gets a signal at one moment.

    Args:
        stop: When; None for never.
    """

    def __init__(self, stop: Stop | None) -> None:
        self._stop = stop
        self._pid = 0
        self._is_there = threading.Event()
        self.signalled: float | None = None

    def is_called(self, pid: int) -> None:
        """Tell the process."""
        assert pid > 1
        self._pid = pid
        self._is_there.set()

    def give_up(self) -> None:
        """End a run that hangs."""
        assert self._pid > 0
        self.strike(self._pid, signal.SIGABRT)

    def reached(self, moment: str, number: int) -> None:
        """Send the signal, if this is the moment."""
        stop = self._stop
        if stop is None or (stop.at, stop.n) != (moment, number):
            return
        assert self._is_there.wait(10), "no process id"  # 0 would be all of ours
        self.signalled = time.monotonic()
        self.strike(self._pid, getattr(signal, stop.signal))

    def strike(self, pid: int, signum: int) -> None:
        """Send the signal, if the process is still there."""
        with suppress(ProcessLookupError):
            os.kill(pid, signum)


@dataclass
class Ended:
    """A run that is over.

    Attributes:
        lines: Those the target has read and stored, whole.
        rest: What came after the last line end.
        stderr: The log.
        code: Its exit code; negative for a signal.
        seconds: From the signal to the end; None where no signal was sent.
    """

    lines: list[str]
    rest: bytes
    stderr: str
    code: int
    seconds: float | None


class Nursery:
    """A process that has imported the tap, from which runs are forked.

    Args:
        folder: Where the runs' files go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.helpers.kills", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=CHECKOUT,
            start_new_session=True,
        )
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()
        self._process.wait(MOST_SECONDS)

    def run(self, account: Account, plan: Plan, target: Target, run: Run | None = None) -> Ended:
        """Run the tap from a target's STATE; the target takes what it reads of it."""
        if run is not None and run.version is not None:
            plan = dataclasses.replace(plan, version=run.version)
        victim = Victim(run.stop if run else None)
        account.begin(run.during if run else (), victim)
        out, end = os.pipe()
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, plan.pipe)
        log = self.folder / "stderr"
        with log.open("wb") as err:
            order = {"argv": self._files(account, plan, target), "plan": _sizes(plan)}
            socket.send_fds(self._link, [json.dumps(order).encode()], [end, err.fileno()])
            os.close(end)
            victim.is_called(self._received("pid"))
        watch = threading.Timer(MOST_SECONDS, victim.give_up)
        watch.start()
        with os.fdopen(out, "rb", 0) as pipe:
            lines, rest = _read(pipe.fileno(), victim, run.stop if run else None)
        code = self._received("code")
        watch.cancel()
        since = victim.signalled
        ended = Ended(
            lines, rest, log.read_text(), code, None if since is None else time.monotonic() - since
        )
        target.load(ended.lines)
        return ended

    def _received(self, what: str) -> int:
        self._link.settimeout(2 * MOST_SECONDS)
        kind, number = self._link.recv(64).decode().split()
        assert kind == what  # a wrong number would get somebody else's signal
        return int(number)

    def _files(self, account: Account, plan: Plan, target: Target) -> list[str]:
        config = {
            **account.config,
            "start_date": START_DATE,
            "export_poll_interval": 1,
            "request_timeout": 10,
            "bulk_source": plan.bulk_source,
            "max_concurrent_requests": plan.requests_at_once,
            "lookback_seconds": plan.lookback,
            "api_version": plan.version,
        }
        given = {"config": config, "catalog": _catalog(plan), "state": target.state}
        arguments = []
        for name, content in given.items():
            file = self.folder / f"{name}.json"
            file.write_text(json.dumps(content))
            arguments += [f"--{name}", str(file)]
        return arguments


def _catalog(plan: Plan) -> dict[str, Any]:
    catalog = select(*plan.streams, version=plan.version)
    for entry in catalog["streams"]:
        if plan.incremental and entry["tap_stream_id"] in _EITHER:
            entry["replication_method"] = "INCREMENTAL"
            root = next(each for each in entry["metadata"] if not each["breadcrumb"])
            root["metadata"]["forced-replication-method"] = "INCREMENTAL"
    return catalog


def _sizes(plan: Plan) -> dict[str, int]:
    return {"page": plan.page, "drain_at": plan.drain_at}


def _read(pipe: int, victim: Victim, stop: Stop | None) -> tuple[list[str], bytes]:
    """Read what a target reads; return its whole lines and what is left of one."""
    lines: list[str] = []
    rest, is_cut = b"", False
    while block := os.read(pipe, 512):
        if is_cut:
            continue
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            lines.append(line.decode())
            if stop is None or (stop.at, stop.n) != ("message", len(lines)):
                continue
            time.sleep(STALL)  # for the tap to fill the pipe
            victim.reached("message", len(lines))
            time.sleep(STALL)
            is_cut = stop.signal == "SIGKILL" and stop.lost > 0
            if is_cut:
                break
    if stop is not None and stop.signal == "SIGKILL" and victim.signalled and not is_cut:
        del lines[max(0, len(lines) - stop.lost) :]
    return lines, rest


class Pipeline(Victim):
    """A whole pipeline of Meltano's, of which one process, or everything, gets a signal.

    Args:
        stop: When, and the signal.
        who: A word of the command line of those who get it; empty for all of the session.
    """

    def __init__(self, stop: Stop, who: str) -> None:
        super().__init__(stop)
        self._who = who
        self.struck: list[int] = []

    def strike(self, session: int, signum: int) -> None:
        """Send the signal."""
        self.struck = processes(session, self._who)
        for pid in self.struck:
            super().strike(pid, signum)


def processes(session: int, word: str) -> list[int]:
    """Return the processes of a session whose command line has a word."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getsid(int(folder.name)) == session and word in (folder / "cmdline").read_text():
                found.append(int(folder.name))
    return found


# --- the process that runs are forked from --------------------------------------------------


def _orders(link: socket.socket) -> Iterator[dict[str, Any]]:
    """Fork for each order; yield it in the fork, and come to an end here."""
    while True:
        order, files, _, _ = socket.recv_fds(link, 1 << 16, 2)
        if not order:
            return
        pid = os.fork()
        if not pid:
            link.close()
            for number, file in enumerate(files, start=1):
                os.dup2(file, number)
                os.close(file)
            yield json.loads(order)
            return
        for file in files:
            os.close(file)
        link.send(f"pid {pid}".encode())
        ended = os.pidfd_open(pid)
        if ended not in wait([link, ended]):
            os.kill(pid, signal.SIGKILL)  # who ordered it is gone
        os.close(ended)
        _, status = os.waitpid(pid, 0)
        link.send(f"code {os.waitstatus_to_exitcode(status)}".encode())


def _small(endpoint: Any, page: int) -> Any:
    """Return how a stream is read, with a few rows or ids at a time where it is not by default."""
    if isinstance(endpoint, tuple):
        return tuple(_small(each, page) for each in endpoint)
    if isinstance(endpoint, Query) and endpoint.page_size is not None:
        return dataclasses.replace(endpoint, page_size=page)
    if isinstance(endpoint, Lookup) and endpoint.batch > 1:
        return dataclasses.replace(endpoint, batch=page)
    return endpoint


def _make_small(page: int, drain_at: int) -> None:
    """Let few rows be many pages, and let waits for exports pass."""
    quick = SimpleNamespace(
        monotonic=time.monotonic, sleep=lambda seconds: time.sleep(seconds / 200)
    )
    sizes: list[tuple[Any, str, Any]] = [
        (V4, "page_size", page),
        (V5, "page_size", page),
        *((each, "v4", _small(each.v4, page)) for each in STREAMS),
        *((each, "v5", _small(each.v5, page)) for each in STREAMS),
        (lookup, "SAVE_EVERY", page),
        (email_lookups, "MAX_IN_STATE", drain_at),
        (id_set, "DRAIN_AT", drain_at),
        (export_jobs, "time", quick),
    ]
    for where, name, value in sizes:
        assert hasattr(where, name), name
        setattr(where, name, value)


def main() -> None:
    """Fork runs of the tap until nobody is left to order them."""
    for order in _orders(socket.socket(fileno=int(sys.argv[1]))):
        _make_small(**order["plan"])
        sys.argv = ["tap-pardot", *order["argv"]]
        cli.main()


if __name__ == "__main__":
    main()
