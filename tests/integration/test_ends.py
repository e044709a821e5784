"""The end of stderr reports how far each stream came and what to do; never a traceback.

DESIGN, promises 5, 6 and 12.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tap_pardot.records.decoder import Decoder
from tests.helpers.catalog import select
from tests.helpers.streams import QUERIES
from tests.helpers.tap import Finished
from tests.helpers.zone import CHECKED

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[[dict[str, Any]], Finished]

pytestmark = pytest.mark.usefixtures("queries_only")

NAMES = [stream.name for stream in QUERIES]
LINE = re.compile(r"(\w+): ([\d,]+) rows?, ([\d,]+) calls?, (done|skipped|failed|stopped): (.+)")
SENTINEL = "ada.sentinel@example.com"


DEBUG = {"TAP_PARDOT_LOGLEVEL": "DEBUG"}


def last_lines(run: Finished, streams: list[str]) -> dict[str, tuple[int, int, str, str]]:
    """Return the lines of the streams, after checking that they and a sentence end stderr."""
    lines_of_log = [line.split(" | ", 3)[-1].strip() for line in run.stderr.rstrip().splitlines()]
    *lines, sentence = lines_of_log[-len(streams) - 1 :]
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), lines
    assert not LINE.fullmatch(sentence)
    assert re.fullmatch(r"[A-Z0-9].*[.)]", sentence), sentence
    assert [match[1] for match in found if match] == streams
    return {
        match[1]: (
            int(match[2].replace(",", "")),
            int(match[3].replace(",", "")),
            match[4],
            match[5],
        )
        for match in found
        if match
    }


def test_a_complete_run_ends_with_a_line_for_each_selected_stream(emulator, tap):
    emulator.set(clock="2024-06-01T12:00:00Z")
    emulator.add("list", [{"id": number} for number in range(1, 1235)])
    emulator.add("emailClick", [{"id": 77}])
    emulator.add("campaign", [{"id": 5}])
    chosen = ["campaigns", "email_clicks", "lists"]

    run = tap.run(emulator.config, catalog=select(*chosen), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    lines = last_lines(run, chosen)
    assert lines["lists"][:3] == (1234, 8, "done")  # 7 pages and the newest id
    assert lines["email_clicks"][:3] == (1, 1, "done")
    assert lines["campaigns"][:3] == (1, 1, "done")
    assert "2024-06-01T11:59:00" in lines["lists"][3]  # the run's end: a minute before its start
    assert "77" in lines["email_clicks"][3]
    calls = sum(call["object"] != "account" for call in emulator.calls)
    assert sum(line[1] for line in lines.values()) == calls
    assert "1,236 rows" in run.last_line
    assert "3 streams" in run.last_line


def test_streams_that_end_early_say_why_and_the_sentence_names_them(emulator, tap):
    emulator.set(forbidden={"form": 46})
    emulator.fault(object="list", code=777, times=None)
    emulator.add("tag", [{"id": 1}, {"id": 2}])

    run = tap.run(emulator.config)

    assert run.exit_code == 1
    lines = last_lines(run, NAMES)
    assert lines["tags"][:3] == (2, 1, "done")
    assert lines["forms"][:3] == (0, 1, "skipped")
    assert "46" in lines["forms"][3]
    assert lines["lists"][:3] == (0, 1, "failed")
    assert "777" in lines["lists"][3]
    assert "lists" in run.last_line
    assert "forms" in run.last_line
    assert "| ERROR" in run.stderr.rstrip().splitlines()[-1]
    assert "Traceback" not in run.stderr


def test_streams_that_were_not_begun_say_so(emulator, tap):
    emulator.set(daily_limit=3)

    run = tap.run(emulator.config, state=CHECKED)

    assert run.exit_code == 2
    lines = last_lines(run, NAMES)
    assert [name for name, line in lines.items() if line[2] == "done"] == NAMES[:3]
    assert {line[2] for name, line in lines.items() if name not in NAMES[:3]} == {"stopped"}
    assert lines["users"] == (0, 0, "stopped", "not read in this run")
    assert sum(line[1] for line in lines.values()) == len(emulator.calls)


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, MemoryError])
def test_an_unexpected_error_fails_one_stream_and_logs_no_data(emulator, tap, monkeypatch, error):
    emulator.add("list", [{"id": 1, "name": SENTINEL}])
    emulator.add("form", [{"id": 1}])
    emulator.add("tag", [{"id": 2}])
    decode = Decoder.block

    def broken(decoder: Decoder, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
        if rows[0].get("name") == SENTINEL:
            raise error(f"cannot decode {SENTINEL}")
        return decode(decoder, rows)

    monkeypatch.setattr(Decoder, "block", broken)

    done = tap.run(emulator.config, env=DEBUG)

    assert done.exit_code == 1
    assert (done.ids("forms"), done.ids("tags")) == ([1], [2])
    assert "lists" not in done.records
    assert "lists" in done.last_line
    assert "failed" in done.last_line
    assert error.__name__ in done.stderr  # so that it can be reported
    assert SENTINEL not in done.stderr
    assert SENTINEL not in done.stdout
    assert "Traceback" not in done.stderr
    state = done.state["bookmarks"]
    assert state["tags"]["replication_key_value"] is not None
    assert "replication_key_value" not in state.get("lists", {})


def test_an_unexpected_error_before_the_streams_is_one_sentence(emulator, tap, monkeypatch):
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError(SENTINEL)

    monkeypatch.setattr("tap_pardot.tap.build_client", broken)

    done = tap.run(emulator.config, env=DEBUG)

    assert done.exit_code == 1
    assert "ValueError" in done.last_line
    assert SENTINEL not in done.stderr
    assert "Traceback" not in done.stderr
    assert not {"SCHEMA", "RECORD"} & {message["type"] for message in done.messages}


def test_a_target_that_closes_the_pipe_ends_the_run_with_a_sentence(emulator, tap_process):
    emulator.add("list", [{"id": number, "name": "x" * 200} for number in range(1, 1000)])
    process = tap_process.start(emulator.config)
    process.stdout.readline()
    process.stdout.close()

    process.wait(30)
    stderr = process.stderr.read()
    process.stderr.close()

    assert process.returncode == 1
    assert "Traceback" not in stderr
    assert "BrokenPipe" not in stderr
    last = stderr.rstrip().splitlines()[-1]
    assert "| ERROR" in last
    assert "target closed the pipe" in last


def shell(command: list[str], rest: str) -> Finished:
    """Run a command with its stdout as a shell does it."""
    done = subprocess.run(
        ["bash", "-c", f'"$@" {rest}; exit "${{PIPESTATUS[0]}}"', "tap", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


OUTPUTS = {
    "a target that ends first": ("| head -n 1", "The target closed the pipe"),
    "a target that reads nothing": ("| true", "The target closed the pipe"),
    "a full disk": ("> /dev/full", "Nothing more can be written to stdout (No space left on"),
    "closed": (">&-", "Nothing can be written to stdout (Bad file descriptor)"),
    "not to be written": ("1< /dev/null", "Nothing can be written to stdout (Bad file"),
}


@pytest.mark.parametrize(("rest", "beginning"), OUTPUTS.values(), ids=OUTPUTS)
@pytest.mark.parametrize("maps", [{}, {"lists": {"name": "name"}}], ids=["fast", "stream maps"])
def test_a_full_stdout_ends_the_run_with_a_sentence(emulator, tap_process, rest, beginning, maps):
    emulator.add("list", [{"id": number, "name": "x" * 200} for number in range(1, 1000)])
    command = tap_process.command(emulator.config | {"stream_maps": maps}, catalog=select("lists"))

    run = shell(command, rest)

    assert run.exit_code == 1
    assert run.last_line.startswith(beginning)
    assert "unhandled" not in run.stderr
    assert "Traceback" not in run.stderr
    assert "Exception ignored" not in run.stderr
    assert "BrokenPipe" not in run.stderr
    if rest == ">&-":
        assert emulator.calls == emulator.logins == []


@pytest.mark.parametrize("rest", ["> /dev/full", ">&-", "| true"])
@pytest.mark.parametrize("arguments", ["--discover", "--about", "--version"])
def test_a_full_stdout_is_an_error_of_discover_and_about_too(tap_process, rest, arguments):
    run = shell(tap_process.command({}, arguments), rest)

    assert "Traceback" not in run.stderr
    assert "Exception ignored" not in run.stderr
    if rest != "| true":  # which may end later than a short text takes
        assert run.exit_code == 1
        assert run.last_line.endswith(".")


def test_ctrl_c_that_also_ends_the_target_is_reported_as_sigint(emulator, tap_process):
    emulator.fault(object="list", hang=20)
    process = tap_process.start(emulator.config, catalog=select("lists"))
    process.stdout.readline()
    process.stdout.close()

    process.send_signal(signal.SIGINT)
    code = process.wait(30)
    stderr = process.stderr.read()
    process.stderr.close()

    assert code == 130
    assert "Traceback" not in stderr
    assert (
        stderr.rstrip()
        .splitlines()[-1]
        .endswith("Stopped by SIGINT: the last STATE could not be written; run again to go on.")
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("TAP_PARDOT_LOGLEVEL", "verbose"), ("SINGER_SDK_LOG_CONFIG", os.devnull)],
)
def test_a_log_that_cannot_be_set_up_is_a_sentence(emulator, tap, name, value):
    run = tap.run(emulator.config, env={name: value})

    assert run.exit_code == 1
    assert run.stdout == ""
    assert run.last_line.startswith("The log cannot be set up: check TAP_PARDOT_LOGLEVEL")
    assert emulator.calls == []


@pytest.mark.parametrize("arguments", [("--stat", "x"), ("--config",), ("unexpected",)])
def test_wrong_arguments_are_a_sentence_and_no_outage(emulator, tap, arguments):
    run = tap.run(emulator.config, *arguments)

    assert run.exit_code == 1
    assert run.last_line.endswith(" See tap-pardot --help.")
    assert emulator.calls == []


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_after_the_last_line_changes_nothing(emulator, tap_process, signum):
    """It would be raised in whatever the interpreter has still to do."""
    emulator.add("list", [{"id": 1}])
    command = tap_process.command(emulator.config, catalog=select("lists"), state=CHECKED)
    late = (
        "import atexit, os, sys; from tap_pardot.cli import main; "
        f"atexit.register(os.kill, os.getpid(), {signum}); sys.argv = sys.argv[1:]; main()"
    )

    run = subprocess.run(
        [command[0], "-c", late, *command[2:]], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    assert run.stderr.rstrip().splitlines()[-1].endswith("Complete: 1 row of 1 stream in 2 calls.")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_modules_are_loaded_is_a_sentence(emulator, tap_process, tmp_path, signum):
    slow = tmp_path / "modules"
    slow.mkdir()
    (slow / "singer_sdk.py").write_text("import time; print(flush=True); time.sleep(30)")
    paths = os.pathsep.join([str(slow), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = tap_process.start(emulator.config, catalog={}, env={"PYTHONPATH": paths})
    process.stdout.readline()

    process.send_signal(signum)
    _, stderr = process.communicate(timeout=30)

    assert process.returncode == 128 + signum
    assert stderr == f"Stopped by {signal.Signals(signum).name}: nothing was read.\n"


def test_a_signal_at_any_moment_of_a_run_ends_in_a_sentence(emulator, tap_process):
    emulator.add("list", [{"id": number, "name": "x" * 300} for number in range(1, 2001)])
    moments = random.Random(3)
    ends = set()
    for _ in range(8):
        process = tap_process.start(emulator.config, catalog=select("lists"))
        output = [process.stdout.readline()]  # the handlers are there by now
        reader = threading.Thread(target=lambda p=process, o=output: o.extend(p.stdout))
        errors = []
        listener = threading.Thread(target=lambda p=process, e=errors: e.extend(p.stderr))
        reader.start()
        listener.start()
        time.sleep(moments.uniform(0, 0.4))
        process.send_signal(signal.SIGTERM)
        code = process.wait(15)
        reader.join(5)
        listener.join(5)
        process.stdout.close()
        process.stderr.close()

        assert code in {0, 143}
        assert "Traceback" not in "".join(errors)
        beginning = "Complete: " if code == 0 else "Stopped by SIGTERM: "
        assert beginning in errors[-1]
        assert json.loads(output[-1])["type"] == "STATE"
        ends.add(code)
    assert 143 in ends
