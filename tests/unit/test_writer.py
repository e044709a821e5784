"""The short way of a record must say what the SDK's long way says, and cut no line, ever."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage, SchemaMessage, StateMessage
from singer_sdk.singerlib.encoding import SimpleSingerWriter
from singer_sdk.streams import Stream

from pardot_emulator import Emulator
from tap_pardot.endings import StdoutLost
from tap_pardot.sdk import writer as sdk_writer
from tap_pardot.sdk.records import DirectRecordStream
from tap_pardot.sdk.writer import BufferedWriter
from tap_pardot.tap import TapPardot
from tests.helpers.streams import QUERIES

# Exports take the same path for their records, but minutes for their jobs.
NAMES = [stream.name for stream in QUERIES]

# --- the short way and the long way ----------------------------------------------------------

MAPS = {
    "lists": {"id": "id", "shouted": "name.upper() if name else None", "__else__": None},
    "tags": {"name": "__NULL__", "made": "created_at"},
    "email_clicks": {"__filter__": "id % 2 == 0"},
    "forms": {"__alias__": "web_forms", "id": "id", "embed_code": None},
    "users": None,
    "opportunities": {"worth": "float(value) * 2 if value else 0.0"},
}
MODES: dict[str, dict[str, Any]] = {
    "as they are": {},
    "stream maps": {"stream_maps": MAPS},
    "flattening": {"flattening_enabled": True, "flattening_max_depth": 2},
    "deselected columns": {},
}


@dataclass
class Output:
    """What one run wrote, and how often it took the SDK's way."""

    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    others: list[dict[str, Any]] = field(default_factory=list)
    long_way: dict[str, int] = field(default_factory=dict)
    exit_code: int = -1


@pytest.fixture(scope="module")
def seeded():
    with Emulator(rows=60, seed=3, timezone="America/New_York") as emulator:
        rows = {
            "list": {"is_public": "yes", "name": {"value": 1}, "unheard_of": 1, "title": 2024},
            "form": {"campaign": [], "embedCode": 1.5},
            "dynamicContent": {"variation": ["x", {"comparison": 7, "content": []}]},
            "opportunity": {"prospects": {"prospect": {"id": "11"}}, "closed_at": "0000-00-00"},
        }
        for name, strange in rows.items():
            emulator.add(name, [{"id": 990_000_001, "_wire": {"set": strange}}])
        yield emulator


@pytest.fixture(scope="module")
def outputs(seeded):
    """Both outputs of a mode, by its name; each run is made once."""
    kept: dict[str, tuple[Output, Output]] = {}
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def both(mode: str) -> tuple[Output, Output]:
        if mode not in kept:
            kept[mode] = (read(seeded, mode, fast=True), read(seeded, mode, fast=False))
        return kept[mode]

    yield both
    for number, handler in signals.items():
        signal.signal(number, handler)


def read(emulator: Emulator, mode: str, *, fast: bool) -> Output:
    """Run the tap in this process; ``fast=False`` is the SDK as it comes."""
    output = Output()
    original = Stream._generate_record_messages

    def counted(stream: Stream, record: dict[str, Any]) -> Any:
        output.long_way[stream.name] = output.long_way.get(stream.name, 0) + 1
        return original(stream, record)

    lines = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stream, "_generate_record_messages", counted)
        if not fast:
            patch.setattr(
                DirectRecordStream, "TYPE_CONFORMANCE_LEVEL", TypeConformanceLevel.RECURSIVE
            )
            patch.setattr(TapPardot, "message_writer_class", SimpleSingerWriter)
        patch.setattr("tap_pardot.tap.STREAMS", QUERIES)
        with redirect_stdout(lines):
            config = {**emulator.config, **MODES[mode]}
            tap = TapPardot(config=config, catalog=catalog_of(mode, config))
            tap.read_all()
    output.exit_code = tap.report.exit_code
    for line in lines.getvalue().splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            output.records.setdefault(message["stream"], []).append(message)
        else:
            output.others.append(message)
    return output


def catalog_of(mode: str, config: dict[str, Any]) -> dict[str, Any] | None:
    if mode != "deselected columns":
        return None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tap_pardot.tap.STREAMS", QUERIES)
        catalog = TapPardot(config=config).catalog_dict
    for stream in catalog["streams"]:
        for number, entry in enumerate(stream["metadata"]):
            if entry["breadcrumb"] and number % 2:
                entry["metadata"]["selected"] = False
    return catalog


def without_time(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for record in records:
        assert datetime.fromisoformat(record["time_extracted"]).tzinfo is not None
    return [{**record, "time_extracted": None} for record in records]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NAMES)
def test_a_stream_is_the_same_both_ways(outputs, mode, name):
    short, long = outputs(mode)
    name = "web_forms" if (mode, name) == ("stream maps", "forms") else name

    records = without_time(short.records.get(name, []))

    assert records == without_time(long.records.get(name, []))
    assert bool(records) is not (mode == "stream maps" and name == "users")


@pytest.mark.parametrize("mode", MODES)
def test_all_other_messages_are_the_same_both_ways(outputs, mode):
    short, long = outputs(mode)

    assert (short.exit_code, long.exit_code) == (0, 0)
    kinds = {message["type"] for message in short.others}
    assert kinds == {"SCHEMA", "STATE"}
    schemas = [
        [message for message in each.others if message["type"] == "SCHEMA"]
        for each in (short, long)
    ]
    assert schemas[0] == schemas[1]


def test_records_go_the_short_way_unless_something_needs_the_long_one(outputs):
    short, long = outputs("as they are")
    assert short.long_way == {}
    assert set(long.long_way) == set(NAMES)

    short, _ = outputs("deselected columns")
    assert short.long_way == {}

    short, _ = outputs("stream maps")
    assert set(short.long_way) == set(MAPS) - {"users"}  # which is not read

    short, _ = outputs("flattening")
    assert set(short.long_way) == set(NAMES)


def test_deselected_columns_are_in_no_record(outputs):
    short, _ = outputs("deselected columns")
    catalog = catalog_of("deselected columns", TapConfig.any())

    for stream in catalog["streams"]:
        name = stream["tap_stream_id"]
        chosen = {
            entry["breadcrumb"][1]
            for entry in stream["metadata"]
            if entry["breadcrumb"] and entry["metadata"].get("selected") is not False
        }
        chosen |= {"id", *filter(None, [stream.get("replication_key")])}
        for record in short.records[name]:
            assert set(record["record"]) == chosen


class TapConfig:
    """Settings that are good enough for discovery."""

    @staticmethod
    def any() -> dict[str, str]:
        return {
            "pardot_business_unit_id": "0UvEMULATOR0000001",
            "client_id": "x",
            "refresh_token": "x",
        }


def test_maps_do_what_they_say(outputs):
    short, _ = outputs("stream maps")

    assert {frozenset(each["record"]) for each in short.records["lists"]} == {
        frozenset({"id", "shouted"})
    }
    assert all(each["record"]["id"] % 2 == 0 for each in short.records["email_clicks"])
    assert "embed_code" not in short.records["web_forms"][0]["record"]


# --- the writer ------------------------------------------------------------------------------

STATE = StateMessage(value={"bookmarks": {}})


@pytest.fixture
def written(monkeypatch, tmp_path):
    """Stdout as a file; a call takes what was written since the last one."""
    path = tmp_path / "stdout"
    with path.open("w") as stdout, path.open("rb") as reader:
        # Not sys.stdout itself, which pytest replaces before the test begins.
        monkeypatch.setattr("tap_pardot.sdk.writer.sys", SimpleNamespace(stdout=stdout))
        yield reader.read


def record(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "RECORD", "stream": "lists", "record": {"id": number, **more}}


def test_records_wait_for_a_block_and_state_sends_them_first(written):
    writer = BufferedWriter()

    writer.append(record(1))
    writer.write_message(RecordMessage(stream="lists", record={"id": 2}))
    assert written() == b""

    writer.write_message(STATE)
    lines = [json.loads(line) for line in written().splitlines()]
    assert [line["type"] for line in lines] == ["RECORD", "RECORD", "STATE"]
    assert [line["record"]["id"] for line in lines[:2]] == [1, 2]

    writer.drain()
    assert written() == b""


def test_every_message_but_a_record_goes_out_at_once(written):
    writer = BufferedWriter()

    writer.write_message(SchemaMessage("lists", {"type": "object"}, ["id"]))

    assert json.loads(written())["type"] == "SCHEMA"


def test_what_was_printed_before_stays_before(written):
    writer = BufferedWriter()
    sdk_writer.sys.stdout.write("first\n")

    writer.write_message(STATE)

    assert written().startswith(b'first\n{"type":"STATE"')


def test_a_full_block_goes_out_by_itself_and_memory_stays_flat(written):
    writer = BufferedWriter()
    found = b""
    for number in range(3000):
        writer.append(record(number, text="x" * 100))
        assert len(writer._buffer) < 70_000
        found += written()

    assert len(found) > 300_000
    assert found.endswith(b"\n")
    writer.drain()
    found += written()
    assert [json.loads(line)["record"]["id"] for line in found.splitlines()] == list(range(3000))


def test_short_writes_are_continued(written, monkeypatch):
    write = os.write
    sizes = random.Random(1)
    monkeypatch.setattr(
        "tap_pardot.sdk.writer.os",
        SimpleNamespace(write=lambda fd, data: write(fd, data[: sizes.randint(1, 7)])),
    )
    writer = BufferedWriter()

    for number in range(50):
        writer.append(record(number))
    writer.write_message(STATE)

    lines = [json.loads(line) for line in written().splitlines()]
    assert [line["record"]["id"] for line in lines[:-1]] == list(range(50))


def test_a_signal_between_a_record_and_its_newline_joins_no_lines(written):
    writer = BufferedWriter()
    writer.append(record(1))
    del writer._buffer[-1]

    writer.write_message(STATE)

    assert [json.loads(line)["type"] for line in written().splitlines()] == ["RECORD", "STATE"]


def test_a_closed_pipe_is_told_and_signals_come_again(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stdout:
        monkeypatch.setattr("tap_pardot.sdk.writer.sys", SimpleNamespace(stdout=stdout))
        with pytest.raises(StdoutLost, match="The target closed the pipe"):
            BufferedWriter().write_message(STATE)

    assert not {signal.SIGTERM, signal.SIGINT} & signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize(
    ("mode", "path", "why"),
    [
        ("w", "/dev/full", "No space left on device"),
        ("r", os.devnull, "Bad file descriptor"),
        (None, None, "Bad file descriptor"),
    ],
)
def test_a_stdout_that_takes_nothing_is_told_with_the_reason(monkeypatch, mode, path, why):
    with ExitStack() as stack:
        stdout = stack.enter_context(open(path, mode)) if path else None  # noqa: PTH123
        monkeypatch.setattr("tap_pardot.sdk.writer.sys", SimpleNamespace(stdout=stdout))

        with pytest.raises(StdoutLost, match=why):
            BufferedWriter().write_message(STATE)


def test_a_pipe_that_lets_no_call_wait_is_waited_for(monkeypatch):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    blocks: list[bytes] = []
    reader = threading.Thread(
        target=lambda: (time.sleep(0.2), blocks.extend(iter(lambda: os.read(reading, 65536), b"")))
    )
    reader.start()
    with os.fdopen(writing, "w") as stdout:
        monkeypatch.setattr("tap_pardot.sdk.writer.sys", SimpleNamespace(stdout=stdout))
        writer = BufferedWriter()
        for number in range(3000):
            writer.append(record(number, text="x" * 100))
        writer.write_message(STATE)
    reader.join(10)
    os.close(reading)

    lines = [json.loads(line) for line in b"".join(blocks).splitlines()]
    assert [line["record"]["id"] for line in lines[:-1]] == list(range(3000))


def test_a_record_that_cannot_be_written_leaves_no_half_line(written):
    writer = BufferedWriter()
    writer.append(record(1))

    with pytest.raises(UnicodeEncodeError):
        writer.append(record(2, name="\ud800"))
    writer.write_message(STATE)

    assert [json.loads(line)["type"] for line in written().splitlines()] == ["RECORD", "STATE"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2024, 1, 1, tzinfo=UTC), '"2024-01-01T00:00:00Z"'),
        (date(2024, 1, 1), '"2024-01-01"'),
        (Decimal("1.50"), "1.50"),
        (complex(1, 2), '"(1+2j)"'),
        ('\N{GRINNING FACE}\n"', '"\N{GRINNING FACE}\\n\\""'),
    ],
)
def test_values_that_only_a_stream_map_makes_are_written_too(written, value, text):
    writer = BufferedWriter()
    message = RecordMessage(stream="lists", record={"it": value})

    writer.write_message(message)
    writer.drain()

    assert f'"record":{{"it":{text}}}' in written().decode()
    assert f'"record":{{"it":{text}}}' in writer.serialize_message(message).decode()


def test_a_replaced_stdout_without_a_file_is_written_as_text(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    BufferedWriter().write_message(STATE)

    assert json.loads(sys.stdout.getvalue())["type"] == "STATE"


# --- the writer and signals --------------------------------------------------------------------

CHILD = """
import signal, sys, time
from singer_sdk.singerlib import StateMessage
from tap_pardot.sdk.writer import BufferedWriter

class Stop(BaseException):
    pass

armed = False

def handle(signum, frame):
    global armed
    if armed:
        armed = False
        raise Stop

rounds = int(sys.argv[1])
out = 0
writer = BufferedWriter()
signal.signal(signal.SIGTERM, handle)

# A function of its own, as in the tap: Python 3.12 and 3.13 look for signals at a loop's jump
# back, which the exception table of the frame itself may leave out.
def write(said):
    global armed, out
    armed = True
    print(said, file=sys.stderr, flush=True)  # only now: a signal counts from here on
    for _ in range(3000):
        writer.append({"type": "RECORD", "record": {"id": out + 1, "text": "x" * 100}})
        out += 1
        if out % 500 == 0:
            writer.write_message(StateMessage(value={"out": out}))
    while True:
        time.sleep(0.01)  # not signal.pause(), which a signal just before it would not end

said = "ready"
while rounds:
    try:
        write(said)
    except Stop:
        rounds -= 1
        writer.write_message(StateMessage(value={"out": out}))
        said = "stopped"
print(said, file=sys.stderr, flush=True)
sys.exit(143)
"""


def start(rounds: int, **env: str) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(rounds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **env},
    )
    assert child.stderr.readline() == b"ready\n"
    return child


def assert_state_covers_only_what_is_out(output: bytes) -> None:
    assert output.endswith(b"\n")
    lines = [json.loads(line) for line in output.splitlines()]  # all of them whole
    out = 0
    for line in lines:
        if line["type"] == "RECORD":
            # The one that the signal came after may be out twice: at least once.
            assert line["record"]["id"] in {out, out + 1}
            out = line["record"]["id"]
        else:
            assert line["value"]["out"] in {out, out - 1}
    assert lines[-1]["type"] == "STATE"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_signal_while_the_reader_is_stalled_cuts_no_line_and_state_comes_last(unbuffered):
    child = start(1, PYTHONUNBUFFERED=unbuffered)
    time.sleep(0.3)  # the pipe is full, the child hangs in its write

    child.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    assert child.poll() is None
    output, _ = child.communicate(timeout=10)

    assert child.returncode == 143
    assert_state_covers_only_what_is_out(output)
    assert len(output) > 65536


def test_signals_at_any_moment_cut_no_line():
    rounds = 80
    child = start(rounds)
    blocks: list[bytes] = []
    reader = threading.Thread(
        target=lambda: blocks.extend(iter(child.stdout.read1, b"")), daemon=True
    )
    reader.start()
    moments = random.Random(7)

    for _ in range(rounds):
        time.sleep(moments.uniform(0, 0.006))
        child.send_signal(signal.SIGTERM)
        assert child.stderr.readline() == b"stopped\n"
    reader.join(10)

    assert child.wait(10) == 143
    child.stdout.close()
    child.stderr.close()
    assert_state_covers_only_what_is_out(b"".join(blocks))
