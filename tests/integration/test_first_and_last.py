"""The output of every run that passed settings and login ends with STATE; a first run says so."""

from __future__ import annotations

import json

import pytest

from tap_pardot.streams.opportunities import OpportunityProspects
from tests.helpers.catalog import select
from tests.helpers.runner import invoke

pytestmark = pytest.mark.usefixtures("queries_only")

BOOKMARK = {
    "replication_key": "updated_at",
    "replication_key_value": "2024-01-01T00:00:00+00:00",
}
STATE = {"bookmarks": {"lists": BOOKMARK}}
FIRST = "first run, from"


def last_type(run):
    """Return the type of the last message."""
    return json.loads(run.stdout.splitlines()[-1])["type"]


ENDS = {
    "complete": ({}, [], 0),
    "no rights": ({"forbidden": {"list": 46, "tag": 46, "form": 46}}, [], 0),
    "no call left in the middle": ({"daily_limit": 2}, [], 2),
    "no call left at all": ({"daily_limit": 0}, [], 2),
    "a stream fails": ({}, [{"object": "tag", "code": 777, "times": None}], 1),
    "all streams fail": ({}, [{"op": "query", "code": 777, "times": None}], 1),
    "the login is revoked in the middle": ({}, [{"object": "tag", "code": 76, "times": None}], 1),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("state", [None, STATE], ids=["no STATE", "STATE"])
def test_the_output_ends_with_state(emulator, tap, end, state):
    switches, faults, code = end
    emulator.set(**switches)
    emulator.add("list", [{"id": 1}])
    for fault in faults:
        emulator.fault(**fault)

    run = tap.run(emulator.config, state=state, catalog=select("forms", "lists", "tags"))

    assert run.exit_code == code, run.stderr
    assert last_type(run) == "STATE"
    if state is not None:
        assert run.state["bookmarks"]["lists"]["replication_key_value"] >= "2024"


@pytest.mark.parametrize("state", [None, STATE], ids=["no STATE", "STATE"])
def test_the_output_ends_with_state_where_nothing_is_selected(emulator, tap, state):
    run = tap.run(emulator.config, state=state, catalog=select())

    assert run.exit_code == 0, run.stderr
    assert [message["type"] for message in run.messages][-1] == "STATE"


@pytest.mark.parametrize("name", ["opportunity_prospects", "email_templates", "campaigns"])
def test_the_output_ends_with_state_after_a_stream_without_rows(emulator, tap, name):
    emulator.set(clock="2024-06-01T12:00:00+00:00")
    first = tap.run(emulator.config, catalog=select(name))
    second = tap.run(emulator.config, state=first.state, catalog=select(name))

    for run in (first, second):
        assert run.exit_code == 0, run.stderr
        assert last_type(run) == "STATE"


def test_the_output_ends_with_state_after_an_unexpected_error(emulator, tap, monkeypatch):
    def broken(*_):
        raise KeyError("hunter2")

    emulator.add("list", [{"id": 1}])
    monkeypatch.setattr("tap_pardot.streams.fan_out.fan_out.FanOut.submit", broken)

    done = tap.run(emulator.config)

    assert done.exit_code == 1
    assert last_type(done) == "STATE"
    assert "KeyError" in done.last_line
    assert "hunter2" not in done.stderr
    assert OpportunityProspects.name not in done.records


@pytest.mark.parametrize("state", [None, "", " \n", "{}", '{"bookmarks": {}}', "\ufeff"])
def test_a_first_run_logs_its_start(emulator, tap, state):
    emulator.add("list", [{"id": 1}])
    for changes, start in (({}, "2007-01-01"), ({"start_date": "2024-05-01"}, "2024-05-01")):
        run = tap.run(emulator.config | changes, state=state, catalog=select("lists"))

        assert run.exit_code == 0, run.stderr
        logged = [line for line in run.stderr.splitlines() if FIRST in line]
        (line,) = logged
        assert f"Plan: 1 stream, {FIRST} {start}T00:00:00+00:00; " in line
        assert "| INFO" in line


def test_a_run_with_state_logs_no_start(emulator, tap):
    run = tap.run(emulator.config, state=STATE, catalog=select("lists"))

    assert run.exit_code == 0, run.stderr
    assert FIRST not in run.stderr


def test_a_state_that_is_not_there_is_named(emulator, tap, tmp_path):
    missing = str(tmp_path / "no" / "state.json")

    run = tap.run(emulator.config, "--state", missing)

    assert run.exit_code == 1
    assert run.stdout == ""
    assert emulator.calls == emulator.logins == []
    assert run.last_line.startswith(f"--state: the file {missing} cannot be read (No such file")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"singer_state": state},
        lambda state: {"singer_state": state, "updated_at": "2024-06-01", "job_name": "dev:a-to-b"},
        lambda state: {"type": "STATE", "value": state},
        lambda state: {"singer_state": {"type": "STATE", "value": state}},
    ],
    ids=["meltano state get", "with other keys", "a message", "both"],
)
def test_a_wrapped_state_is_taken(emulator, tap, wrap):
    emulator.add("list", [{"id": 1, "updated_at": "2023-06-01"}, {"id": 2}])
    emulator.update("list", 2, updated_at="2024-06-01")

    run = tap.run(emulator.config, state=wrap(STATE), catalog=select("lists"))

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [2]
    assert FIRST not in run.stderr


@pytest.mark.parametrize("inner", [None, {}, {"bookmarks": {}}])
def test_an_empty_wrapped_state_is_none(emulator, tap, inner):
    run = tap.run(emulator.config, state={"singer_state": inner}, catalog=select("lists"))

    assert run.exit_code == 0, run.stderr
    assert FIRST in run.stderr


@pytest.mark.parametrize("inner", [[], "", 7, {"lists": BOOKMARK}])
def test_a_wrapped_state_of_another_form_is_refused(emulator, tap, inner):
    run = tap.run(emulator.config, state={"singer_state": inner}, catalog=select("lists"))

    assert run.exit_code == 1
    assert run.stdout == ""
    assert run.last_line.startswith("The STATE is not a JSON object with bookmarks: ")


def test_without_settings_nothing_is_written():
    run = invoke()

    assert run.exit_code == 1
    assert run.stdout == ""
