"""The writer sends whole lines in blocks, and STATE never before its records."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from singer_sdk.singerlib import RecordMessage, SchemaMessage, StateMessage

from tap_pardot.sdk import writer as sdk_writer
from tap_pardot.sdk.writer import BufferedWriter, StdoutLost

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


def test_a_closed_pipe_raises_and_signals_are_unblocked(monkeypatch):
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
def test_a_stdout_that_cannot_be_written_raises_with_the_reason(monkeypatch, mode, path, why):
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
