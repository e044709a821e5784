"""What a catalog asks for: replication methods, selected streams and selected columns."""

from __future__ import annotations

import copy

import pytest

from tests.helpers.catalog import select
from tests.helpers.warehouse import TABLES, Warehouse, by_stream, later
from tests.helpers.zone import CHECKED

pytestmark = pytest.mark.usefixtures("queries_only")

NOW, NEXT = "2024-06-01T12:00:00+00:00", "2024-06-01T13:00:00+00:00"
BEFORE, BETWEEN = "2024-05-01T00:00:00+00:00", "2024-06-01T12:30:00+00:00"


@pytest.fixture
def catalog():
    """The catalog with nothing selected, to change."""
    return select()


def entry_of(catalog, stream):
    return next(each for each in catalog["streams"] if each["tap_stream_id"] == stream)


def metadata_of(catalog, stream, *breadcrumb):
    metadata = entry_of(catalog, stream)["metadata"]
    return next(each for each in metadata if each["breadcrumb"] == [*breadcrumb])["metadata"]


def choose(catalog, stream, method=None, key=None, way="both"):
    """Select a stream; say its replication method as Meltano does (both), or in one place."""
    root, entry = metadata_of(catalog, stream), entry_of(catalog, stream)
    root["selected"] = True
    if method and way == "forced":
        root["forced-replication-method"] = method
        entry.pop("replication_method", None)
    elif method:
        entry["replication_method"] = method
        if way == "both":
            root["replication-method"] = method
    if key:
        entry["replication_key"] = key


def fill(emulator, streams, ids=range(10, 2510, 10)):
    emulator.set(clock=NOW)
    for stream in streams:
        table = TABLES[stream]
        emulator.add(table.object, [table.row(each, BEFORE) for each in ids])


def change(emulator, streams, ids):
    emulator.set(clock=NEXT)
    for stream in streams:
        table = TABLES[stream]
        emulator.add(table.object, [table.row(each, BETWEEN, f"changed {each}") for each in ids])


def test_full_table_forced_by_metadata_reads_everything_each_time(emulator, tap, catalog):
    ways = {"lists": "both", "email_clicks": "forced", "imports": "entry", "tags": "forced"}
    streams = [*ways]
    fill(emulator, streams)
    for stream, way in ways.items():
        choose(catalog, stream, "FULL_TABLE", way=way)

    first = tap.run(emulator.config, catalog=catalog, state=CHECKED)
    emulator.set(clock=NEXT)
    second = tap.run(emulator.config, catalog=catalog, state=first.state)

    for run in (first, second):
        assert run.exit_code == 0, run.stderr
        assert {s: run.ids(s) for s in streams} == by_stream(streams, [*range(10, 2510, 10)])
        for stream in streams:
            bookmark = run.state["bookmarks"][stream]
            assert bookmark.get("replication_key_value") is None
            assert bookmark.get("cursor") is None
    assert [call["params"] for call in emulator.calls if "updated_after" in call["params"]] == []


def test_rows_of_the_last_stream_go_out_although_the_state_is_the_same_as_before(emulator, tap):
    catalog = select("account")
    first = tap.run(emulator.config, catalog=catalog)

    second = tap.run(emulator.config, catalog=catalog, state=first.state)

    assert second.ids("account") == first.ids("account") == [emulator.rows("account")[0]["id"]]


def test_incremental_after_full_table_still_goes_on_from_its_own_bookmark(emulator, tap, catalog):
    """The other way round, nothing may be taken for read that was not."""
    fill(emulator, ["lists", "email_clicks"])
    full = copy.deepcopy(catalog)
    for stream in ("lists", "email_clicks"):
        choose(full, stream, "FULL_TABLE")
        choose(catalog, stream)
    # A FULL_TABLE run that was killed after its first page.
    left = {"window": {"start": None, "end": None}, "cursor": 2000}
    state = {"bookmarks": {"lists": left, "email_clicks": left}}

    resumed = tap.run(emulator.config, catalog=full, state=state)
    incremental = tap.run(emulator.config, catalog=catalog, state=state)

    for stream in ("lists", "email_clicks"):
        assert resumed.ids(stream) == [*range(2010, 2510, 10)]
        assert incremental.ids(stream) == [*range(10, 2510, 10)]


@pytest.mark.parametrize("key", [None, "updated_at"])
def test_incremental_campaigns_are_only_those_that_changed(emulator, tap, catalog, key):
    """They carry no time, but Pardot filters them by it (reference C.2)."""
    fill(emulator, ["campaigns"])
    choose(catalog, "campaigns", "INCREMENTAL", key)
    warehouse = Warehouse()

    first = tap.run(emulator.config, catalog=catalog, state=CHECKED)
    warehouse.load(first.stdout.splitlines(keepends=True))
    assert first.exit_code == 0, first.stderr
    assert first.ids("campaigns") == [*range(10, 2510, 10)]

    change(emulator, ["campaigns"], [20, 2005, 2600])
    second = tap.run(emulator.config, catalog=catalog, state=first.state)
    warehouse.load(second.stdout.splitlines(keepends=True))
    assert second.exit_code == 0, second.stderr
    assert second.ids("campaigns") == [20, 2005, 2600]
    assert warehouse.all_missing(emulator) == {}


def test_incremental_without_a_filter_emits_only_rows_that_changed(emulator, tap, catalog):
    """Pardot is asked for all of them; the target need not see those it has."""
    streams = ["opportunities", "users", "custom_fields"]
    fill(emulator, streams)
    for stream, way in zip(streams, ("both", "entry", "forced"), strict=True):
        choose(catalog, stream, "INCREMENTAL", "updated_at", way)
    warehouse = Warehouse()

    first = tap.run(emulator.config, catalog=catalog, state=CHECKED)
    warehouse.load(first.stdout.splitlines(keepends=True))
    assert first.exit_code == 0, first.stderr
    assert {s: first.ids(s) for s in streams} == by_stream(streams, [*range(10, 2510, 10)])

    changed = [20, 2005, 2500, 2600]
    change(emulator, streams, changed)
    # Dated between the bookmark and the first run: within the lag, so not covered by it.
    for stream in streams:
        table = TABLES[stream]
        emulator.add(table.object, [table.row(30, later(NOW, -30), "late")])
        # A row already read that changes while the second page is read.
        emulator.fault(
            object=table.object,
            nth=2,
            change={"upsert": {table.object: [table.row(10, later(NEXT, 5), "meanwhile")]}},
        )
    second = tap.run(emulator.config, catalog=catalog, state=first.state)
    warehouse.load(second.stdout.splitlines(keepends=True))
    assert second.exit_code == 0, second.stderr
    assert {s: second.ids(s) for s in streams} == by_stream(streams, sorted([30, *changed]))

    emulator.set(clock=later(NEXT, 3600))
    third = tap.run(emulator.config, catalog=catalog, state=second.state)
    warehouse.load(third.stdout.splitlines(keepends=True))
    assert {s: third.ids(s) for s in streams} == by_stream(streams, [10])
    assert warehouse.all_missing(emulator) == {}


def test_an_incremental_part_with_end_date_leaves_later_changes_to_the_next(emulator, tap, catalog):
    fill(emulator, ["opportunities"], range(10, 50, 10))
    emulator.update("opportunity", 20, updated_at="2024-05-20T00:00:00Z")
    choose(catalog, "opportunities", "INCREMENTAL", "updated_at")

    early = tap.run({**emulator.config, "end_date": "2024-05-10"}, catalog=catalog)
    rest = tap.run(emulator.config, catalog=catalog, state=early.state)

    bookmark = early.state["bookmarks"]["opportunities"]
    assert bookmark["replication_key_value"] == "2024-05-10T00:00:00+00:00"
    assert {*early.ids("opportunities")} >= {10, 30, 40}
    assert rest.ids("opportunities") == [20]


def test_deselected_columns_are_left_out_and_keys_stay(emulator, tap, catalog):
    streams = ["lists", "email_clicks", "opportunities", "imports", "campaigns"]
    fill(emulator, streams, range(10, 40, 10))
    for stream in streams:
        choose(catalog, stream)
        # Everything is deselected, even what cannot be.
        for name in entry_of(catalog, stream)["schema"]["properties"]:
            metadata_of(catalog, stream, "properties", name)["selected"] = False
    metadata_of(catalog, "lists", "properties", "name")["selected"] = True

    run = tap.run(emulator.config, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    columns = {
        stream: {name for record in run.records[stream] for name in record} for stream in streams
    }
    assert columns == {
        "lists": {"id", "name", "updated_at"},
        "email_clicks": {"id"},
        "opportunities": {"id"},
        "imports": {"id", "updated_at"},
        "campaigns": {"id"},
    }
    schemas = {each["stream"]: each for each in run.messages if each["type"] == "SCHEMA"}
    assert {name: {*schemas[name]["schema"]["properties"]} for name in streams} == columns
    assert {name: schemas[name]["key_properties"] for name in streams} == by_stream(streams, ["id"])
    for stream in streams:
        assert run.ids(stream) == [10, 20, 30]
    assert "lists.id is deselected in the catalog but is a key" in run.stderr

    emulator.set(clock=NEXT)
    emulator.add("list", [{"id": 20, "updated_at": BETWEEN}])
    again = tap.run(emulator.config, catalog=catalog, state=run.state)
    assert again.ids("lists") == [20]
    assert again.ids("email_clicks") == []


def test_schema_and_records_agree_when_a_catalog_deselects_keys_it_does_not_mark(
    emulator, tap, catalog
):
    """As catalogs come from users' hands; a SCHEMA without its key is refused by targets."""
    fill(emulator, ["lists", "email_clicks"], [10])
    for stream in ("lists", "email_clicks"):
        choose(catalog, stream)
        for name in entry_of(catalog, stream)["schema"]["properties"]:
            metadata = metadata_of(catalog, stream, "properties", name)
            metadata.pop("inclusion", None)
            metadata["selected"] = False

    run = tap.run(emulator.config, catalog=catalog)

    schemas = {each["stream"]: each for each in run.messages if each["type"] == "SCHEMA"}
    for stream, columns in (("lists", {"id", "updated_at"}), ("email_clicks", {"id"})):
        assert {*run.records[stream][0]} == columns
        assert {*schemas[stream]["schema"]["properties"]} == columns


def test_a_deselected_stream_makes_no_call_and_no_message(emulator, tap, catalog):
    fill(emulator, TABLES, [10])
    choose(catalog, "tags")

    run = tap.run(emulator.config, catalog=catalog, state=CHECKED)

    assert run.exit_code == 0, run.stderr
    # The read of the account begins every run: it gives version, rights and the server's time.
    assert {call["object"] for call in emulator.calls} <= {"account", "tag"}
    assert {each["stream"] for each in run.messages if "stream" in each} == {"tags"}
    assert {*run.state["bookmarks"]} == {"tags"}
    assert run.last_line.startswith("Complete: 1 row of 1 stream in 2 calls.")


def test_bookmarks_of_deselected_streams_stay_in_state(emulator, tap, catalog):
    """Selecting a stream again goes on where it was."""
    fill(emulator, ["lists", "tags"], [10])
    both = tap.run(emulator.config)
    choose(catalog, "tags")

    emulator.set(clock=NEXT)
    run = tap.run(emulator.config, catalog=catalog, state=both.state)

    assert run.state["bookmarks"]["lists"] == both.state["bookmarks"]["lists"]
    assert run.state["bookmarks"]["tags"] != both.state["bookmarks"]["tags"]
