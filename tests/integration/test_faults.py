"""What Pardot and the network can do to a call costs a wait, never a row and never a secret.

Retries are bounded in number, time and memory; an outage leaves a STATE that the next run goes on
from (DESIGN, promises 5 and 8).
"""

from __future__ import annotations

import threading
import time
import tracemalloc
import zlib
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tap_pardot.api.dialect import Filters, Query
from tap_pardot.api.http import Transport
from tap_pardot.api.retry import retry_after
from tap_pardot.errors import Outage, Retriable, StreamFailed, StreamSkipped
from tap_pardot.sources.paging import QueryCalls, by_id
from tap_pardot.tap import TapPardot
from tests.helpers.streams import QUERIES
from tests.helpers.zone import CHECKED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pardot_emulator import Emulator
    from tests.helpers.tap import Finished

    Run = Callable[..., Finished]
    Answer = Callable[[BaseHTTPRequestHandler], None]

pytestmark = pytest.mark.usefixtures("queries_only", "waits")

MIB = 2**20
PAGES = list(range(1, 451))  # three pages
SECRET_HEADERS = {"authorization", "pardot-business-unit-id"}


class Queries(TapPardot):
    """A tap that makes no calls for custom fields."""

    stream_types = QUERIES


def tap_of(emulator: Emulator, **settings: Any) -> Queries:
    """Return a tap, whose client makes the calls."""
    return Queries(config=emulator.config | settings)


def read_lists(tap: Queries, **params: str) -> list[int]:
    """Return the ids of all lists, page by page."""
    call = partial(tap.client.call, "lists")
    calls = QueryCalls(call, tap.dialect, Query("list", params=params), "lists")
    return [row["id"] for page in by_id(calls, Filters()) for row in page.rows]


@contextmanager
def answering(answer: Answer) -> Iterator[SimpleNamespace]:
    """Run another host: ``url``, and the ``seen`` requests as (method, path, headers)."""
    seen: list[tuple[str, str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append((self.command, self.path, headers))
            try:
                answer(self)
            except OSError:
                self.close_connection = True  # the client has left, which is what it should do

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", seen=seen)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def no_rows(http: BaseHTTPRequestHandler) -> None:
    """Answer as Pardot does when there is nothing."""
    body = b'{"@attributes":{"stat":"ok","version":1},"result":{"total_results":0}}'
    http.send_response(200)
    http.send_header("Content-Length", str(len(body)))
    http.end_headers()
    http.wfile.write(body)


def transport_to(url: str, read_timeout: float = 5) -> Transport:
    """Return a transport that trusts one origin."""
    return Transport(origins={url}, read_timeout=read_timeout, user_agent="test")


# --- faults that pass ---

ENVELOPE = '{"@attributes":{"stat":"ok","version":1},'
PASSING: dict[str, dict[str, Any]] = {
    **{
        f"code {code} with HTTP {status}": {"code": code, "status": status}
        for code, statuses in {
            66: (200, 400, 429),
            183: (200, 500),
            202: (200, 429),
            214: (200, 500),
            62: (400,),
            84: (400,),
            116: (400,),
        }.items()
        for status in statuses
    },
    "HTML 500": {"status": 500, "html": True},
    "HTML 502": {"status": 502, "html": True},
    "HTML 503": {"status": 503, "html": True},
    "HTML 504": {"status": 504, "html": True},
    "HTML with HTTP 200": {"status": 200, "html": True},
    "429 without a word": {"status": 429},
    "408": {"status": 408},
    "reset": {"reset": True},
    "truncated": {"truncate": 400},
    "cut to nothing": {"truncate": 0},
    "empty": {"body": ""},
    "garbage": {"body": b"\x00\xff\xfe garbage"},
    "half of the JSON": {"body": ENVELOPE + '"result":{"list":[{"id":1'},
    "null": {"body": "null"},
    "a number": {"body": "17"},
    "an array": {"body": "[]"},
    "no envelope": {"body": "{}"},
    "no result": {"body": ENVELOPE[:-1] + "}"},
    "a result of another shape": {"body": ENVELOPE + '"result":[{"id":1}]}'},
    "rows of another shape": {"body": ENVELOPE + '"result":{"list":[1,2]}}'},
    "a failure without a code": {"body": '{"@attributes":{"stat":"fail","version":1},"err":"x"}'},
    "XML error": {"body": '<?xml version="1.0"?><rsp stat="fail"><err code="66">x</err></rsp>'},
    "too deep": {"body": "[" * 200_000},
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_fault_between_two_pages_costs_two_calls_and_no_row(emulator, waits, fault):
    emulator.add("list", [{"id": number} for number in PAGES])
    emulator.fault(object="list", nth=2, times=2, **fault)

    assert read_lists(tap_of(emulator)) == PAGES

    asked = [call["params"] for call in emulator.calls]
    assert len(asked) == 5
    assert asked[1] == asked[2] == asked[3]
    assert len(waits) == 2
    assert waits[0] < 2
    assert max(waits) <= 20


def test_a_call_that_hangs_is_left_and_repeated(emulator):
    emulator.add("list", [{"id": number} for number in PAGES])
    emulator.fault(object="list", nth=2, hang=30)
    tap = tap_of(emulator, request_timeout=1)
    started = time.monotonic()

    assert read_lists(tap) == PAGES

    assert len(emulator.calls) == 4
    assert 1 <= time.monotonic() - started < 5


@pytest.mark.parametrize("nth", [1, 2])
def test_an_answer_that_counts_rows_but_brings_none_never_ends_a_stream(emulator, nth):
    emulator.add("list", [{"id": number} for number in PAGES])
    body = ENVELOPE + '"result":{"total_results":250,"lists":[]}}'
    emulator.fault(object="list", nth=nth, times=None, body=body)

    with pytest.raises((StreamFailed, Outage)):
        read_lists(tap_of(emulator))


def test_a_run_with_a_fault_on_ten_streams_finishes_complete(emulator, tap):
    faults = {
        "campaign": {"code": 66},
        "customField": {"code": 183, "status": 200},
        "customRedirect": {"code": 202},
        "form": {"status": 502, "html": True},
        "lifecycleStage": {"status": 429, "headers": {"Retry-After": "1"}},
        "list": {"reset": True},
        "opportunity": {"truncate": 60},
        "tag": {"body": "garbage"},
        "user": {"body": ENVELOPE[:-1] + "}"},
        "import": {"hang": 30},
    }
    for name, fault in faults.items():
        emulator.add(name, [{"id": 1}, {"id": 2}])
        emulator.fault(object=name, **fault)

    run = tap.run(emulator.config | {"request_timeout": 1}, state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert sorted(map(len, run.records.values())) == [1] + 10 * [2]
    for name in faults:
        first, second = (call for call in emulator.calls if call["object"] == name)
        assert first["params"] == second["params"]
        assert second["at"] - first["at"] - first["seconds"] < 2
    assert "Traceback" not in run.stderr


# --- waits the server asks for ---


def in_seconds(seconds: float) -> str:
    """Return a time from now as HTTP writes it."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "window"),
    [
        (lambda: "7", (7, 8)),
        (lambda: "299", (299, 300)),
        (lambda: "86400", (300, 300)),
        (lambda: in_seconds(30), (27, 31)),
        (lambda: in_seconds(86400), (300, 300)),
        (lambda: in_seconds(-60), (0, 2)),
        (lambda: "0", (0, 2)),
        (lambda: "-5", (0, 2)),
        (lambda: "soon", (0, 2)),
        (lambda: "nan", (0, 2)),
    ],
    ids=["s", "299 s", "a day", "date", "far date", "past date", "0", "-5", "word", "nan"],
)
def test_retry_after_is_honoured_up_to_five_minutes(emulator, waits, status, asked, window):
    emulator.add("list", [{"id": 1}])
    emulator.fault(object="list", status=status, headers={"Retry-After": asked()})

    assert read_lists(tap_of(emulator)) == [1]

    (wait,) = waits
    least, most = window
    assert least <= wait <= most


def test_retry_after_counts_beside_an_error_code_too(emulator, waits):
    emulator.add("list", [{"id": 1}])
    emulator.fault(object="list", code=66, headers={"Retry-After": "12"})

    assert read_lists(tap_of(emulator)) == [1]

    assert 12 <= waits[0] <= 13


def test_a_date_without_a_zone_in_retry_after_does_no_harm():
    assert retry_after({"Retry-After": "Wed, 21 Oct 2015 07:28:00 -0000"}) in {None, 0.0}


# --- long outages ---


@pytest.mark.parametrize(
    "fault",
    [{"status": 503}, {"code": 66}, {"reset": True}, {"body": "garbage"}],
    ids=["503", "66", "reset", "garbage"],
)
def test_an_outage_of_all_stops_the_run_after_ten_minutes_with_a_good_state(
    emulator, tap, waits, fault
):
    emulator.add("list", [{"id": number} for number in PAGES])
    emulator.add("tag", [{"id": 1}])
    # From the second page of lists on, Pardot is down as a whole.
    emulator.fault(object="list", nth=2, times=None, **fault)
    emulator.fault(object="account", nth=2, times=None, **fault)

    first = tap.run(emulator.config)

    assert first.exit_code == 2
    assert first.ids("lists") == PAGES[:200]
    assert first.ids("tags") == []
    assert "Run again" in first.last_line
    assert "Traceback" not in first.stderr
    assert len(waits) >= 5
    assert waits[0] < 2
    assert max(waits) <= 20
    assert 500 <= sum(waits) <= 700
    emulator.clear_faults()

    second = tap.run(emulator.config, state=first.state)

    assert second.exit_code == 0, second.stderr
    assert second.ids("lists") == PAGES[200:]
    assert second.ids("tags") == [1]


def test_an_outage_of_one_object_costs_only_its_stream(emulator, tap, waits):
    emulator.add("list", [{"id": number} for number in PAGES])
    emulator.add("tag", [{"id": 1}])
    emulator.fault(object="list", nth=2, times=None, code=183)

    first = tap.run(emulator.config)

    assert first.exit_code == 1
    assert first.ids("lists") == PAGES[:200]
    assert first.ids("tags") == [1]
    assert "lists" in first.last_line
    # A minute is enough where Pardot answers others.
    assert 45 <= sum(waits) <= 100
    assert len(waits) >= 5
    emulator.clear_faults()

    second = tap.run(emulator.config, state=first.state)

    assert second.exit_code == 0, second.stderr
    assert second.ids("lists") == PAGES[200:]


def test_too_many_requests_are_no_outage_of_one_object(emulator, tap, waits):
    """Other tools take all slots: that a read of the account finds one says nothing."""
    emulator.add("list", [{"id": 1}])
    emulator.fault(object="list", times=18, code=66)
    done = tap.run(emulator.config)
    assert done.exit_code == 0, done.stderr
    assert done.ids("lists") == [1]
    assert sum(waits) > 150


def test_silence_of_all_is_an_outage_and_not_too_much_at_once(emulator, tap, waits, monkeypatch):
    """To halve windows down to a minute meanwhile would take an hour."""
    emulator.add("list", [{"id": number} for number in PAGES])
    real, asked = requests.Session.send, []

    def send(session, request, **options):
        if "/list/" in request.url or asked:
            asked.append(dict(parse_qsl(urlsplit(request.url).query)))
        if len(asked) > 1:
            raise requests.ReadTimeout
        return real(session, request, **options)

    monkeypatch.setattr(requests.Session, "send", send)
    done = tap.run(emulator.config)
    assert done.exit_code == 2
    assert done.ids("lists") == PAGES[:200]
    assert 500 <= sum(waits) <= 700
    assert len({each.get("updated_before") for each in asked} - {None}) == 1


def test_an_outage_at_the_first_call_stops_before_any_data(emulator, tap, waits):
    emulator.fault(times=None, status=503)

    done = tap.run(emulator.config)

    assert done.exit_code == 2
    assert "Run again" in done.last_line
    assert not {"SCHEMA", "RECORD"} & {message["type"] for message in done.messages}
    assert 500 <= sum(waits) <= 700


def test_long_waits_that_the_server_asks_for_still_leave_six_tries(emulator, waits):
    emulator.fault(object="list", times=None, status=429, headers={"Retry-After": "86400"})

    with pytest.raises(Outage):
        read_lists(tap_of(emulator))

    assert len(emulator.calls) == 6
    assert waits == [300] * 5


# --- refusals for good ---


@pytest.mark.parametrize("legacy", [False, True], ids=["HTTP 4xx", "HTTP 200"])
def test_missing_rights_skip_the_stream_and_the_run_is_good(emulator, tap, legacy):
    emulator.set(forbidden={"list": 46, "tag": 49}, legacy_status=legacy)
    emulator.add("form", [{"id": 1}])

    run = tap.run(emulator.config, state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("forms") == [1]
    assert "lists" not in run.records
    assert "lists, tags" in run.last_line
    assert "lists: 0 rows, 1 call, skipped" in run.stderr
    assert "tags: 0 rows, 1 call, skipped" in run.stderr
    assert len(emulator.calls) == 16
    assert len(emulator.logins) == 1


def test_a_refusal_in_xml_is_understood(emulator, waits):
    # Pardot's default form, from a gateway that drops format=json (reference A.7).
    body = '<?xml version="1.0"?><rsp stat="fail" version="1.0"><err code="46">No</err></rsp>'
    emulator.fault(object="list", status=403, body=body, times=None)

    with pytest.raises(StreamSkipped, match="46"):
        read_lists(tap_of(emulator))

    assert waits == []


@pytest.mark.parametrize("status", [200, 400])
def test_an_unknown_code_fails_its_stream_only_and_its_state_is_good(emulator, tap, status):
    emulator.add("list", [{"id": number} for number in PAGES])
    emulator.add("tag", [{"id": 1}])
    emulator.fault(object="list", nth=2, times=None, code=777, status=status)

    first = tap.run(emulator.config)

    assert first.exit_code == 1
    assert first.ids("lists") == PAGES[:200]
    assert first.ids("tags") == [1]
    assert "lists failed" in first.last_line
    assert "Pardot code 777" in first.stderr
    assert sum(call["object"] == "list" for call in emulator.calls) == 2
    emulator.clear_faults()

    second = tap.run(emulator.config, state=first.state)

    assert second.exit_code == 0, second.stderr
    assert second.ids("lists") == PAGES[200:]


@pytest.mark.parametrize("legacy", [False, True], ids=["HTTP 429", "HTTP 200"])
def test_the_daily_limit_stops_the_run_and_the_next_day_completes_it(emulator, tap, legacy):
    emulator.set(daily_limit=13, legacy_status=legacy)  # lists are the 12th stream
    emulator.add("list", [{"id": number} for number in PAGES])
    emulator.add("tag", [{"id": 1}])

    first = tap.run(emulator.config, state=CHECKED)

    assert first.exit_code == 2
    assert first.ids("lists") == PAGES[:400]
    assert "Pardot code 122" in first.last_line
    assert "midnight" in first.last_line
    assert "Traceback" not in first.stderr
    assert [call["code"] for call in emulator.calls] == 13 * [None] + [122]
    emulator.set(daily_limit=None)

    second = tap.run(emulator.config, state=first.state)

    assert second.exit_code == 0, second.stderr
    assert second.ids("lists") == PAGES[400:]
    assert second.ids("tags") == [1]


def test_the_daily_limit_at_the_first_call_stops_before_any_data(emulator, tap):
    emulator.fault(code=122, times=None)

    done = tap.run(emulator.config)

    assert done.exit_code == 2
    assert "Pardot code 122" in done.last_line
    assert not {"SCHEMA", "RECORD"} & {message["type"] for message in done.messages}
    assert len(emulator.calls) == 1


# --- redirects ---


def test_a_get_is_not_redirected_to_another_host(emulator):
    with answering(no_rows) as other:
        emulator.fault(object="list", redirect=f"{other.url}/moved?format=json")

        with pytest.raises(StreamFailed, match="redirects"):
            read_lists(tap_of(emulator))

        assert other.seen == []
    assert len(emulator.calls) == 1


def test_a_get_redirected_on_the_same_host_keeps_our_headers(emulator):
    emulator.add("list", [{"id": 1}])
    path = "/api/list/version/4/do/query?format=json"
    emulator.fault(object="list", redirect=path)

    assert read_lists(tap_of(emulator)) == [1]

    assert [call["code"] for call in emulator.calls] == [None, None]
    assert [call["status"] for call in emulator.calls] == [302, 200]


@pytest.mark.parametrize("status", [302, 303, 307, 308])
def test_a_post_is_never_followed(emulator, status):
    long = ",".join(str(number) for number in range(1000))
    with answering(no_rows) as other:
        emulator.fault(object="list", status=status, redirect=f"{other.url}/moved", times=None)

        with pytest.raises(StreamFailed, match="redirects"):
            read_lists(tap_of(emulator), ids=long)

        assert other.seen == []
    assert [call["method"] for call in emulator.calls] == ["POST"]


def test_a_login_is_never_followed(emulator):
    with answering(no_rows) as other:
        emulator.fault(op="token", status=307, redirect=f"{other.url}/login", times=None)

        with pytest.raises(Exception, match="login_url"):
            read_lists(tap_of(emulator))

        assert other.seen == []


def test_redirects_in_a_circle_end(emulator):
    emulator.fault(object="list", redirect="/api/list/version/4/do/query", times=None)

    with pytest.raises(StreamFailed, match="redirects"):
        read_lists(tap_of(emulator))

    assert len(emulator.calls) <= 10


# --- answers without end ---


def zipped(size: int) -> bytes:
    """Return so many bytes of zeros, compressed in one piece."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    block = bytes(MIB)
    return b"".join(packer.compress(block) for _ in range(size // MIB)) + packer.flush()


def endless(http: BaseHTTPRequestHandler) -> None:
    """Send a page that is larger than any of Pardot's: 256 MiB."""
    http.send_response(200)
    http.send_header("Content-Length", str(256 * MIB))
    http.end_headers()
    block = bytes(MIB)
    for _ in range(256):
        http.wfile.write(block)


def packed(body: bytes) -> Answer:
    """Send a body that is compressed already."""

    def answer(http: BaseHTTPRequestHandler) -> None:
        http.send_response(200)
        http.send_header("Content-Encoding", "gzip")
        http.send_header("Content-Length", str(len(body)))
        http.end_headers()
        http.wfile.write(body)

    return answer


BIG: dict[str, Callable[[], Answer]] = {
    "256 MiB": lambda: endless,
    # One block of 64 KiB from the network holds 64 MiB of these.
    "256 MiB in one compressed piece": lambda: packed(zipped(256 * MIB)),
    "256 MiB in 16 compressed pieces": lambda: packed(zipped(16 * MIB) * 16),
}


@pytest.mark.parametrize("prepare", BIG.values(), ids=BIG)
def test_a_page_over_64_mib_is_refused_in_bounded_memory(prepare):
    with answering(prepare()) as other:
        transport = transport_to(other.url)
        tracemalloc.start()
        try:
            with pytest.raises(StreamFailed, match="64 MiB"):
                transport.send("GET", other.url)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 160 * MIB


def test_a_page_that_is_refused_fails_its_stream_only(emulator, tap):
    emulator.add("tag", [{"id": 1}])
    emulator.fault(
        object="list", body=zipped(80 * MIB), headers={"Content-Encoding": "gzip"}, times=None
    )

    done = tap.run(emulator.config)

    assert done.exit_code == 1
    assert done.ids("tags") == [1]
    assert "lists failed" in done.last_line
    assert "64 MiB" in done.stderr
    assert sum(call["object"] == "list" for call in emulator.calls) == 1


def trickle_body(http: BaseHTTPRequestHandler) -> None:
    """Send a body one byte at a time."""
    http.send_response(200)
    http.send_header("Content-Length", "100000")
    http.end_headers()
    drip(http)


def trickle_chunks(http: BaseHTTPRequestHandler) -> None:
    """Send a chunked body one byte at a time."""
    http.protocol_version = "HTTP/1.1"
    http.send_response(200)
    http.send_header("Transfer-Encoding", "chunked")
    http.end_headers()
    drip(http, b"1\r\n \r\n")


def drip(http: BaseHTTPRequestHandler, block: bytes = b" ") -> None:
    """Send a block each 50 ms for six seconds, or until the client leaves."""
    for _ in range(120):
        http.wfile.write(block)
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [trickle_body, trickle_chunks])
def test_an_answer_as_a_whole_takes_at_most_twenty_timeouts(answer):
    with answering(answer) as other:
        started = time.monotonic()
        # A byte comes well within each read timeout, so only the whole can be too slow.
        with pytest.raises(Retriable):
            transport_to(other.url, read_timeout=0.1).send("GET", other.url)
    assert time.monotonic() - started < 4  # 20 x 0.1, and some
