"""Records written directly are those that the SDK would write; signals cut no line."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.encoding import SimpleSingerWriter
from singer_sdk.streams import Stream

from pardot_emulator import Emulator
from tap_pardot.sdk.records import DirectRecordStream
from tap_pardot.tap import TapPardot
from tests.helpers.catalog import select
from tests.helpers.runner import Runner
from tests.helpers.streams import QUERIES
from tests.helpers.zone import CHECKED

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
def outputs(seeded, tmp_path_factory):
    """Both outputs of a mode, by its name; each run is made once."""
    found: dict[str, tuple[Output, Output]] = {}
    tap = Runner(tmp_path_factory.mktemp("tap"))

    def both(mode: str) -> tuple[Output, Output]:
        if mode not in found:
            found[mode] = (read(tap, seeded, mode, fast=True), read(tap, seeded, mode, fast=False))
        return found[mode]

    return both


def read(tap: Runner, emulator: Emulator, mode: str, *, fast: bool) -> Output:
    """Run the tap; ``fast=False`` is the SDK as it comes."""
    output = Output()
    original = Stream._generate_record_messages

    def counted(stream: Stream, record: dict[str, Any]) -> Any:
        output.long_way[stream.name] = output.long_way.get(stream.name, 0) + 1
        return original(stream, record)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stream, "_generate_record_messages", counted)
        if not fast:
            patch.setattr(
                DirectRecordStream, "TYPE_CONFORMANCE_LEVEL", TypeConformanceLevel.RECURSIVE
            )
            patch.setattr(TapPardot, "message_writer_class", SimpleSingerWriter)
        config = {**emulator.config, **MODES[mode]}
        run = tap.run(config, catalog=catalog_of(mode), state=CHECKED)
    output.exit_code = run.exit_code
    for message in run.messages:
        if message["type"] == "RECORD":
            output.records.setdefault(message["stream"], []).append(message)
        else:
            output.others.append(message)
    return output


def catalog_of(mode: str) -> dict[str, Any]:
    """Return a catalog of the queries; under one mode, with every second column."""
    catalog = select(*(stream.name for stream in QUERIES))
    if mode != "deselected columns":
        return catalog
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
    catalog = catalog_of("deselected columns")

    entries = {each["tap_stream_id"]: each for each in catalog["streams"]}
    for name in NAMES:
        stream = entries[name]
        chosen = {
            entry["breadcrumb"][1]
            for entry in stream["metadata"]
            if entry["breadcrumb"] and entry["metadata"].get("selected") is not False
        }
        chosen |= {"id", *filter(None, [stream.get("replication_key")])}
        for record in short.records[name]:
            assert set(record["record"]) == chosen


def test_maps_do_what_they_say(outputs):
    short, _ = outputs("stream maps")

    assert {frozenset(each["record"]) for each in short.records["lists"]} == {
        frozenset({"id", "shouted"})
    }
    assert all(each["record"]["id"] % 2 == 0 for each in short.records["email_clicks"])
    assert "embed_code" not in short.records["web_forms"][0]["record"]


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
def write(state):
    global armed, out
    armed = True
    print(state, file=sys.stderr, flush=True)  # only now: a signal counts from here on
    for _ in range(3000):
        writer.append({"type": "RECORD", "record": {"id": out + 1, "text": "x" * 100}})
        out += 1
        if out % 500 == 0:
            writer.write_message(StateMessage(value={"out": out}))
    while True:
        time.sleep(0.01)  # not signal.pause(), which a signal just before it would not end

state = "ready"
while rounds:
    try:
        write(state)
    except Stop:
        rounds -= 1
        writer.write_message(StateMessage(value={"out": out}))
        state = "stopped"
print(state, file=sys.stderr, flush=True)
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
