"""STATE of every earlier version is taken up: nothing is lost, and not all is read again."""

from __future__ import annotations

import json

import pytest

from tests.helpers import states

BY_VERSION_5 = states.FOLDER / "0005_version_5.json"
"""Of a run under ``api_version: 5``; the others are of version 4."""
FILES = sorted({*states.FOLDER.glob("*.json")} - {BY_VERSION_5})


def test_there_are_states_with_a_window_open_jobs_waiting_and_ids_pending():
    assert FILES
    for file in (*FILES, BY_VERSION_5):
        parts = json.loads(file.read_text())["state"]["bookmarks"]
        assert parts["lists"]["window"]
        assert parts["lists"]["cursor"]
        assert sum(len(part.get("jobs") or []) for part in parts.values()) >= 2
        assert parts["email_stats"]["pending"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_killed_run_of_an_earlier_version_is_completed(file):
    left = json.loads(file.read_text())
    with states.account() as emulator:
        states.order(emulator, left["orders"])
        jobs = [job["id"] for job in emulator.exports]
        in_state = [
            job["id"]
            for part in left["state"]["bookmarks"].values()
            for job in part.get("jobs") or []
        ]
        assert sorted(in_state) == jobs
        emulator.set(export_seconds=0.0)
        emulator.clear_calls()
        messages = states.run(emulator, left["state"])

        arrived = states.ids(messages)
        for stream, name in states.OBJECTS.items():
            everything = {row["id"] for row in emulator.rows(name)}
            assert {*arrived[stream], *left["arrived"][stream]} == everything, stream
        # On from the cursor, with the jobs of then.
        assert arrived["lists"] == [*range(201, 451)]
        assert arrived["email_clicks"] == []
        created = [call for call in emulator.calls if call["op"] == "create"]
        assert created == []
        emails = [
            m["record"]["id"] for m in messages if m.get("stream") == "emails" and "record" in m
        ]
        assert {*emails} >= {*range(501, 509)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_killed_run_of_an_earlier_version_is_completed_under_api_version_5(file):
    """The catalog selects a column that only versions 3 and 4 have of lists: the cursor counts."""
    left = json.loads(file.read_text())
    with states.account() as emulator:
        states.order(emulator, left["orders"])
        # Runs under 5 end a minute earlier.
        emulator.set(export_seconds=0.0, clock="2024-06-01T12:01:00+00:00")
        emulator.clear_calls()
        messages = states.run(emulator, left["state"], 5)

        arrived = states.ids(messages)
        for stream, name in states.OBJECTS.items():
            everything = {row["id"] for row in emulator.rows(name)}
            assert {*arrived[stream], *left["arrived"][stream]} == everything, stream
        assert arrived["lists"] == [*range(201, 451)]
        assert arrived["email_clicks"] == []
        assert [call for call in emulator.calls if call["op"] in {"create", "cancel"}] == []


@pytest.mark.parametrize("version", [5, 4])
def test_a_killed_run_under_api_version_5_is_completed_by_each_version(version):
    left = json.loads(BY_VERSION_5.read_text())
    with states.account() as emulator:
        states.order(emulator, left["orders"])
        jobs = {job["id"] for job in emulator.exports}
        emulator.set(export_seconds=0.0)
        emulator.clear_calls()
        messages = states.run(emulator, left["state"], version, made_by=5)

        arrived = states.ids(messages)
        for stream, name in states.OBJECTS.items():
            everything = {row["id"] for row in emulator.rows(name)}
            assert {*arrived[stream], *left["arrived"][stream]} == everything, stream
        assert arrived["email_clicks"] == []
        assert jobs <= {call["id"] for call in emulator.calls if call["object"] == "export"}
        if version == 5:
            assert arrived["lists"] == [*range(201, 451)]
            assert [call for call in emulator.calls if call["op"] == "create"] == []
        records = [each["record"] for each in messages if each["type"] == "RECORD"]
        figures = {row.get("list_email_id") for row in records if "read_at" in row}
        assert figures >= {*range(41, 46)}
