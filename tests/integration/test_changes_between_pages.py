"""Rows that change, come and go while they are being paged are not lost (DESIGN, promise 1)."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from functools import partial

import pytest

from tap_pardot.api.dialect import Filters, Query
from tap_pardot.config.validation import normalized
from tap_pardot.errors import StreamFailed
from tap_pardot.sources.offset_paging import by_offset
from tap_pardot.sources.paging import QueryCalls, row_id
from tap_pardot.sync.context import build_client
from tests.helpers.warehouse import BY_ID, BY_OFFSET, TABLES, WHOLE, WINDOWED, Warehouse, by_stream
from tests.helpers.zone import CHECKED

pytestmark = pytest.mark.usefixtures("queries_only")

BEFORE, START = "2024-05-01T10:00:00+00:00", "2024-06-01T12:00:00+00:00"
MEANWHILE, NEXT_RUN = "2024-06-01T12:00:05+00:00", "2024-06-01T13:00:00+00:00"
IDS = range(10, 4510, 10)  # 450 rows: ids 10-2000, 2010-4000, 4010-4500

READ, UNREAD = [20, 30, 1990, 2000], [2010, 2500, 4000, 4500]
DELETED_READ, DELETED_UNREAD = [40, 50], [2020, 3000, 4490]
INSERTED = [15, 2005, 3005, 4495, 9000]


def new_version(table, number):
    """Return a row as it is after a change during the run."""
    is_number = table.version in {"seconds_elapsed", "object_id"}
    return table.row(number, MEANWHILE, 10_000_000 + number if is_number else f"changed {number}")


def change_while_paging(emulator, table, nth):
    """Change rows of every kind just before the nth page is answered."""
    written = [*INSERTED] if table.is_immutable else [*READ, *UNREAD, *INSERTED]
    emulator.fault(
        object=table.object,
        op="query",
        nth=nth,
        change={
            "upsert": {table.object: [new_version(table, each) for each in written]},
            "delete": {table.object: [*DELETED_READ, *DELETED_UNREAD]},
        },
    )


@pytest.mark.parametrize("nth", [2, 3])
def test_nothing_is_lost_over_two_runs_when_rows_change_before_a_page(emulator, tap, nth):
    """Updated rows leave the window of the run; the next window has them."""
    emulator.set(clock=START)
    for table in TABLES.values():
        emulator.add(table.object, [table.row(each, BEFORE) for each in IDS])
        change_while_paging(emulator, table, nth)
    warehouse = Warehouse()

    first = tap.run(emulator.config, state=CHECKED)
    warehouse.load(first.stdout.splitlines(keepends=True))

    assert first.exit_code == 0, first.stderr
    assert all(fault["fired"] for fault in emulator.faults)
    untouched = {*IDS} - {*READ, *UNREAD, *DELETED_READ, *DELETED_UNREAD}
    assert {stream: untouched - {*first.ids(stream)} for stream in TABLES} == by_stream(
        TABLES, set()
    )
    assert warehouse.bookmark("lists")["replication_key_value"] == "2024-06-01T11:59:00+00:00"

    emulator.set(clock=NEXT_RUN)
    second = tap.run(emulator.config, state=first.state)
    warehouse.load(second.stdout.splitlines(keepends=True))

    assert second.exit_code == 0, second.stderr
    assert warehouse.all_missing(emulator) == {}
    changed = sorted([*READ, *UNREAD, *INSERTED])
    assert {name: second.ids(name) for name in WINDOWED} == by_stream(WINDOWED, changed)
    assert {name: sorted(second.ids(name)) for name in BY_ID} == by_stream(BY_ID, INSERTED)
    assert {name: second.ids(name) for name in BY_OFFSET} == by_stream(BY_OFFSET, changed)
    assert emulator.unknown_calls == []


def test_rows_changed_between_runs_arrive_without_the_others(emulator, tap):
    emulator.set(clock=START)
    for table in TABLES.values():
        emulator.add(table.object, [table.row(each, BEFORE) for each in IDS[:30]])
    first = tap.run(emulator.config)
    warehouse = Warehouse()
    warehouse.load(first.stdout.splitlines(keepends=True))
    for table in TABLES.values():
        ids = [305, 1000] if table.is_immutable else [10, 20, 305, 1000]
        emulator.add(table.object, [new_version(table, each) for each in ids])
        emulator.delete(table.object, [30])

    emulator.set(clock=NEXT_RUN)
    second = tap.run(emulator.config, state=first.state)
    warehouse.load(second.stdout.splitlines(keepends=True))

    assert warehouse.all_missing(emulator) == {}
    unchanged = set(TABLES) - set(WHOLE)
    assert {name: [row for row in second.ids(name) if row in IDS[2:30]] for name in unchanged} == (
        by_stream(unchanged, [])
    )


# --- offset paging, where rows that leave or enter the range shift the others ---


DEFAULTS = {"request_timeout": 10, "api_version": 4, "max_concurrent_requests": 4}
OLD = "2024-01-01T00:00:00+00:00"
SIZES = {"imports": 100, "exports": 200}


def pages_by_offset(emulator, stream, size):
    """Return the ids that paging by offset brings, from the pages of one window."""
    config = normalized({**emulator.config, **DEFAULTS})
    client, dialect = build_client(config, {}, "test")
    endpoint = Query(BY_OFFSET[stream].object, page_size=size)
    calls = QueryCalls(partial(client.call, stream), dialect, endpoint, stream)
    filters = Filters(start=datetime(2024, 5, 1, tzinfo=UTC))
    return [row_id(row) for rows in by_offset(calls, filters, counts=False) for row in rows]


@pytest.mark.parametrize("stream", ["imports", "exports"])
@pytest.mark.parametrize("nth", [2, 3])
@pytest.mark.parametrize("deleted", [1, 49, 50, 99, 100, 200])
def test_rows_that_leave_the_range_before_an_offset_page_hide_no_others(
    emulator, stream, nth, deleted
):
    table = BY_OFFSET[stream]
    size = SIZES[stream]
    ids = range(1, 4 * size + 8)
    gone = ids[:deleted]
    emulator.add(table.object, [table.row(each, BEFORE) for each in ids])
    emulator.fault(object=table.object, nth=nth, change={"delete": {table.object: [*gone]}})

    found = pages_by_offset(emulator, stream, size)

    assert {*ids} - {*gone} - {*found} == set()
    assert found == sorted({*found})


@pytest.mark.parametrize("stream", ["imports", "exports"])
@pytest.mark.parametrize("entered", [1, 99, 100, 101, 199, 200, 450])
def test_rows_that_enter_the_range_before_an_offset_page_hide_no_others(emulator, stream, entered):
    """An old row with a small id that changes now pushes all others one further."""
    table = BY_OFFSET[stream]
    size = SIZES[stream]
    old, ids = range(1, 501), range(1001, 1001 + 3 * size)
    emulator.add(table.object, [table.row(each, OLD) for each in old])
    emulator.add(table.object, [table.row(each, BEFORE) for each in ids])
    touched = [table.row(each, MEANWHILE) for each in old[:entered]]
    emulator.fault(object=table.object, nth=2, change={"upsert": {table.object: touched}})

    found = pages_by_offset(emulator, stream, size)

    assert {*ids} - {*found} == set()


@pytest.mark.parametrize("seed", range(12))
def test_any_mix_of_rows_leaving_and_entering_hides_no_row_that_stays(emulator, seed):
    chance = random.Random(seed)
    table = BY_OFFSET["imports"]
    ids = sorted(chance.sample(range(1, 3000), chance.choice([99, 101, 350, 520])))
    old = [each for each in ids if chance.random() < 0.3]
    staying = {*ids} - {*old}
    emulator.add(table.object, [table.row(each, OLD if each in old else BEFORE) for each in ids])
    for nth in range(1, 8):
        some = chance.sample(sorted(staying), min(len(staying), chance.choice([0, 3, 40, 90])))
        gone = [each for each in some if chance.random() < 0.5]
        staying -= {*gone}
        entering = chance.sample(old, min(len(old), chance.choice([0, 2, 30, 120])))
        rows = [table.row(each, MEANWHILE) for each in entering]
        change = {"upsert": {"import": rows}, "delete": {"import": gone}}
        emulator.fault(object="import", nth=nth, change=change)

    found = pages_by_offset(emulator, "imports", 100)

    assert staying - {*found} == set()
    assert len(found) == len({*found})
    assert len(emulator.calls) < 30


def test_exports_are_never_silently_cut_off_where_offsets_do_not_count(emulator):
    """Whether the export query takes ``limit`` and ``offset`` is undocumented (reference D.6)."""
    emulator.set(export_paging="ignored")
    table = BY_OFFSET["exports"]
    emulator.add(table.object, [table.row(each, BEFORE) for each in range(1, 151)])
    assert pages_by_offset(emulator, "exports", 200) == [*range(1, 151)]

    emulator.add(table.object, [table.row(each, BEFORE) for each in range(151, 451)])
    with pytest.raises(StreamFailed):
        pages_by_offset(emulator, "exports", 200)
    assert len(emulator.calls) <= 6
