"""More rows in one second than a page holds: singer-io's tap loses them (reference F.1)."""

from __future__ import annotations

import pytest

from tests.helpers.warehouse import TABLES, WINDOWED, Warehouse, by_stream, later
from tests.helpers.zone import CHECKED

pytestmark = pytest.mark.usefixtures("queries_only")

SECOND = "2024-05-01T10:00:00+00:00"
CROWD = range(10, 6010, 10)  # ids of 600 rows: three full pages
EARLIER, AFTER = range(3, 6003, 100), range(7, 6007, 100)  # ids in between, a second away


def fill(emulator):
    """Write the same three groups of rows to every table."""
    for table in TABLES.values():
        for ids, seconds in ((EARLIER, -1), (CROWD, 0), (AFTER, 1)):
            moment = later(SECOND, seconds)
            emulator.add(table.object, [table.row(each, moment) for each in ids])


def test_600_rows_of_one_second_arrive_once_in_every_stream(emulator, tap):
    emulator.set(clock="2024-06-01T00:00:00Z", ties="shuffled")
    fill(emulator)
    everything = sorted([*EARLIER, *CROWD, *AFTER])

    run = tap.run(emulator.config, state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert {stream: run.ids(stream) for stream in TABLES} == by_stream(TABLES, everything)

    emulator.set(clock="2024-06-01T01:00:00Z")
    emulator.add("list", [{"id": 5, "updated_at": "2024-06-01T00:30:00Z"}])
    again = tap.run(emulator.config, state=run.state)
    assert {name: again.ids(name) for name in WINDOWED} == by_stream(WINDOWED, []) | {"lists": [5]}


def test_a_bookmark_on_the_crowded_second_neither_loses_nor_repeats_it(emulator, tap):
    emulator.set(clock="2024-06-01T00:00:00Z")
    fill(emulator)

    first = tap.run({**emulator.config, "end_date": SECOND})
    assert {name: first.ids(name) for name in WINDOWED} == by_stream(WINDOWED, [*EARLIER])

    just_it = tap.run({**emulator.config, "end_date": later(SECOND, 1)}, state=first.state)
    assert {name: just_it.ids(name) for name in WINDOWED} == by_stream(WINDOWED, [*CROWD])

    rest = tap.run(emulator.config, state=just_it.state)
    assert {name: rest.ids(name) for name in WINDOWED} == by_stream(WINDOWED, [*AFTER])

    whole = Warehouse()
    for run in (first, just_it, rest):
        assert run.exit_code == 0, run.stderr
        whole.load(run.stdout.splitlines(keepends=True))
    assert whole.all_missing(emulator) == {}
