"""A pipeline moves from singer-io's tap to this one, as ``docs/moving-from-singer-io.md`` says."""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from tap_pardot.config.schema import DECLARED
from tap_pardot.records.values import snake_case
from tests.helpers.catalog import select
from tests.helpers.waits import short_polls
from tests.third_party import moving
from tests.third_party.clients import START, singer_config
from tests.third_party.moving import ACCOUNTS, STREAMS, Tables, names_in

pytestmark = pytest.mark.third_party

FIRST = datetime(2024, 3, 12, 13, 30, tzinfo=UTC)
LATER = datetime(2024, 6, 1, 12, tzinfo=UTC)
ACCOUNT_FIELDS = ["industry", "Founded_On"]
CONTINUED = {"lists", "prospects", "visitors"}
"""The streams that go on from a bookmark when the page's steps are followed."""


@pytest.fixture(autouse=True)
def _exports_at_once(emulator, monkeypatch):
    """Let export jobs be ready at once."""
    emulator.set(export_seconds=0)
    short_polls(monkeypatch)


@pytest.fixture
def theirs(emulator, singer_io):
    """Give the catalog that singer-io's tap discovers."""
    # It fails where the account has one field only.
    fields = [{"id": n, "field_id": name} for n, name in enumerate(ACCOUNT_FIELDS, 1)]
    emulator.add("prospectAccountField", fields)
    return singer_io.discover(emulator)


@pytest.fixture
def tables(postgres, tmp_path):
    """Give the tables of an empty database."""
    return Tables(postgres.create_database(tmp_path.name), tmp_path)


def config_of(emulator):
    """Return the config of singer-io's tap, with what the page adds to it."""
    given = singer_config(emulator.config, START)
    added = {name: emulator.config[name] for name in ("login_url", "api_url", "timezone")}
    return given | added | json.loads(moving.block("json", "stream_maps"))


def without(state, *streams):
    """Return a STATE without the bookmarks of some streams."""
    found = copy.deepcopy(state)
    for stream in streams:
        del found["bookmarks"][stream]
    return found


def row(stream, number, moment, value=None):
    """Return a row for the emulator that was last changed at a moment."""
    value = value or number
    text = f"N° {value}"
    found = {"id": number, "created_at": FIRST.isoformat(), "updated_at": moment.isoformat()}
    found[STREAMS[stream].changes] = text
    if stream == "email_clicks":
        found["created_at"] = found.pop("updated_at")
    elif stream == "campaigns":
        found["cost"] = value
    elif stream == "list_memberships":
        found |= {"list_id": 1, "prospect_id": number, "opted_out": value % 2 == 0}
    elif stream == "visits":
        view = {"id": 10 * number, "url": "https://example.com", "created_at": FIRST.isoformat()}
        found |= {"visitor_id": number, "duration_in_seconds": value, "visitor_page_views": [view]}
    return found


def fill(emulator):
    """Add five rows of each stream, an hour apart, so that singer-io's tap loses none."""
    for stream, each in STREAMS.items():
        rows = [row(stream, n, FIRST + timedelta(hours=n)) for n in range(1, 6)]
        emulator.add(each.object, rows)


def change(emulator):
    """Change the second row of each stream that has changes, and add a sixth one."""
    for stream, each in STREAMS.items():
        emulator.add(each.object, [row(stream, 6, LATER)])
        if stream != "email_clicks":
            changed = row(stream, 2, LATER, value=7)
            emulator.update(each.object, changed.pop("id"), **changed)
    emulator.update("prospect", 3, deleted=True, updated_at=LATER.isoformat())


def by_stream(value, streams=STREAMS):
    """Return the same value for each stream."""
    return dict.fromkeys(streams, value)


def test_the_page_names_every_column_that_differs(theirs):
    found = moving.differences(theirs)
    expected = [(f"`{d.stream}`", f"`{d.column}`", d.theirs, d.ours) for d in found]

    assert [cells[:4] for cells in moving.rows_under("## Columns")] == expected


def test_the_page_names_every_new_column(theirs):
    found = {
        names_in(stream)[0]: {*names_in(columns)}
        for stream, columns in moving.rows_under("### New columns")
    }

    assert found == moving.new_columns(theirs)


def test_the_page_shows_how_the_accounts_own_fields_are_named(emulator, tap, theirs):
    run = tap.run(config_of(emulator), "--discover")
    (ours,) = (e for e in json.loads(run.stdout)["streams"] if e["tap_stream_id"] == ACCOUNTS)

    assert moving.account_fields(theirs) == ["name", *ACCOUNT_FIELDS]
    assert {snake_case(name) for name in ACCOUNT_FIELDS} <= ours["schema"]["properties"].keys()


def test_the_stream_map_is_the_same_in_yaml_and_in_json():
    in_yaml = yaml.safe_load(moving.block("yaml", "cost:"))
    (extractor,) = in_yaml["plugins"]["extractors"]

    in_json = json.loads(moving.block("json", "stream_maps"))
    assert extractor["config"]["stream_maps"] == in_json["stream_maps"]


def test_the_page_names_settings_and_streams_that_exist():
    settings = [name for _, now, *_ in moving.rows_under("## Settings") for name in names_in(now)]
    streams = [
        name for cell, *_ in moving.rows_under("## Streams and STATE") for name in names_in(cell)
    ]

    assert {*settings} <= DECLARED.keys()
    assert sorted(streams) == sorted(STREAMS)


def test_a_pipeline_goes_on_in_its_old_tables(emulator, tap, singer_io, theirs, tables):
    fill(emulator)
    old = singer_io.run_catalog(emulator, theirs)
    tables.load(old)
    change(emulator)
    tables.query(moving.block("sql", "TO prospect_accounts_singer_io"))
    tables.query(moving.block("sql", "AT TIME ZONE"))

    taken_out = re.findall(r"\.bookmarks\.(\w+)", moving.block("sh", "'del(.bookmarks"))
    state = without(old.state, *taken_out)
    run = tap.run(config_of(emulator), catalog=select(*STREAMS), state=state)
    tables.load(run)

    assert {stream: tables.wrong(emulator, stream) for stream in STREAMS} == by_stream([])
    assert tables.rows("prospects")[3]["is_deleted"]
    visit = tables.rows("visits")[1]
    assert visit["visitor_page_views"]["visitor_page_view"][0]["id"] == 10  # as it was
    assert visit["page_views"][0]["id"] == 10
    sentence = moving.block("text", "continues from").splitlines()[1]
    assert sentence in run.log
    # singer-io's tap stopped at the fifth row, which is read again.
    assert {stream: sorted(run.ids(stream)) for stream in STREAMS} == {
        **by_stream([1, 2, 3, 4, 5, 6]),
        **by_stream([2, 5, 6], CONTINUED),
        "prospects": [2, 3, 5, 6],
    }

    tables.query(moving.block("sql", "TO prospect_accounts_new"))
    back = singer_io.run_catalog(emulator, theirs, state=old.state)
    tables.load(back)

    assert back.ids("lists") == [2, 6]


def test_rows_that_singer_io_lost_come_back_when_their_streams_start_over(
    emulator, tap, singer_io, theirs, tables
):
    emulator.set(timezone="UTC")
    # A mass change of 250 prospects in one second, a deleted one, and one of an hour later.
    emulator.add("prospect", [row("prospects", n, FIRST) for n in range(1, 251)])
    emulator.add("prospect", [row("prospects", 251, FIRST) | {"deleted": True}])
    emulator.add("prospect", [row("prospects", 252, FIRST + timedelta(hours=1))])
    # The members of the second list have lower ids than those of the first one.
    emulator.add("list", [row("lists", n, FIRST + timedelta(hours=n)) for n in (1, 2)])
    members = {11: 1, 12: 1, 3: 2, 4: 2}
    for number, list_id in members.items():
        member = row("list_memberships", number, FIRST + timedelta(hours=number))
        emulator.add("listMembership", [member | {"list_id": list_id}])
    emulator.add("visitorActivity", [row("visitor_activities", n, FIRST) for n in (1, 2)])
    lost = {
        "lists": [],
        "prospects": [*range(201, 252)],
        "list_memberships": [3, 4],
        "visitor_activities": [(1, "details"), (1, "updated_at")],
    }
    theirs["streams"] = [each for each in theirs["streams"] if each["stream"] in lost]
    old = singer_io.run_catalog(emulator, theirs)
    tables.load(old)
    changed = row("visitor_activities", 1, LATER, value=7)
    emulator.update("visitorActivity", changed.pop("id"), **changed)
    assert {stream: tables.wrong(emulator, stream) for stream in lost} == lost

    config, catalog = config_of(emulator), select(*lost)
    tables.load(tap.run(config, catalog=catalog, state=old.state))

    # The bookmark of activities is an id: they start over. The others go on behind the losses.
    assert {stream: tables.wrong(emulator, stream) for stream in lost} == lost | {
        "visitor_activities": []
    }

    cut = without(old.state, "list_memberships", "prospects")
    tables.load(tap.run(config, catalog=catalog, state=cut))

    assert {stream: tables.wrong(emulator, stream) for stream in lost} == by_stream([], lost)
    assert tables.rows("prospects")[251]["is_deleted"]
