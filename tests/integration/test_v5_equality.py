"""Both dialects give the same data: keys, column names, types and values.

Versions 3 and 4 write local times, so they cannot tell the two passes of an hour that a clock
change repeats; version 5 is exact there. Times are compared as local times for that reason, and
those of version 5 with the emulator's own rows.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pardot_emulator import Emulator
from tests.helpers.runner import Runner
from tests.helpers.versions import (
    calls_by_version,
    discovered,
    iso,
    local,
    misfits,
    read_by_version_5,
    schemas,
    selected,
)
from tests.helpers.waits import short_polls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.helpers.tap import Finished

NOW = "2024-12-01T12:00:00+00:00"
ROWS = 60
ZONES = ("America/New_York", "Asia/Kolkata", "UTC")
OBJECTS = {
    "campaigns": "campaign",
    "custom_redirects": "customRedirect",
    "email_templates": "emailTemplate",
    "emails": "email",
    "forms": "form",
    "lifecycle_histories": "lifecycleHistory",
    "lifecycle_stages": "lifecycleStage",
    "list_memberships": "listMembership",
    "lists": "list",
    "opportunities": "opportunity",
    "prospects": "prospect",
    "tags": "tag",
    "users": "user",
    "visitor_activities": "visitorActivity",
    "visitor_page_views": "visitorPageView",
    "visitors": "visitor",
    "visits": "visit",
}
"""Streams that both dialects read, with the emulator's rows."""
STREAMS = ("account", *OBJECTS)
NAMED_ONLY = {"emails", "email_templates"}
"""Streams of which versions 3 and 4 give only the rows that other records name."""
SESSION = 5  # a type of activities that Pardot never returns
SEVERAL = {"type_id": 6, "type": "Multi-Select"}
FIELDS = (
    {"field_id": "Plain", "type_id": 1, "type": "Text"},
    {"field_id": "Amount", "type_id": 8, "type": "Number"},
    {"field_id": "Birthday", "type_id": 12, "type": "Date"},
    {"field_id": "Choice", "type_id": 2, "type": "Radio Button"},
    {"field_id": "Menu", "type_id": 4, "type": "Dropdown"},
    {"field_id": "Score", "type_id": 1, "type": "Text"},  # named like a standard column
    {"field_id": "Created_At", "type_id": 12, "type": "Date"},
    {"field_id": "profile_id", "type_id": 1, "type": "Text"},  # like a column of version 5
    {"field_id": "do_not_sell", "type_id": 8, "type": "Number"},
)
VALUES = {
    "Plain": ["some text", "02190", None, "Zoë, “quoted”"],
    "Amount": [3, 12.75, None, 90_000_000_000],
    "Birthday": ["2024-02-29", "1970-01-01", None],
    "Choice": ["yes", "no", None],
    "Menu": ["A, B", "C;D", None],
    "Score": ["high", None, "low"],
    "Created_At": ["2020-01-31", None],
    "profile_id": ["P-1", None, "P-2"],
    "do_not_sell": [1, 0, None, 2.5],
}
COLUMNS = {field: field.lower() for field in VALUES} | {
    "Score": "score_custom",
    "Created_At": "created_at_custom",
}
CHANGES = ("2024-03-10T07:00:00Z", "2024-11-03T06:00:00Z")
"""The clock changes of New York, as instants."""


class Both(NamedTuple):
    """One account, read by both dialects.

    Attributes:
        zone: The API user's zone.
        emulator: The account.
        four: The run under ``api_version`` 4.
        five: The one under 5, with the columns that both have.
        versions: The calls of the second run by version.
        tap: The tap.
    """

    zone: str
    emulator: Emulator
    four: Finished
    five: Finished
    versions: dict[int, int]
    tap: Runner


@pytest.fixture(scope="module", params=ZONES)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    """Read an account with rows around both clock changes by each dialect."""
    zone = request.param
    with (
        pytest.MonkeyPatch.context() as patch,
        # Of strings that look like numbers, only whole ones become numbers, and lose nothing.
        Emulator(
            rows=ROWS, timezone=zone, clock=NOW, export_seconds=0, numeric_strings="integers"
        ) as emulator,
    ):
        short_polls(patch)
        nothing_ahead(emulator)
        around_clock_changes(emulator)
        with_custom_fields(emulator)
        tap = Runner(tmp_path_factory.mktemp("both"))
        four, five = settings(emulator, 4), settings(emulator, 5)
        by_four = tap.run(four, catalog=selected(discovered(tap, four), {*STREAMS, "email_clicks"}))
        catalog = discovered(tap, five)
        emulator.clear_calls()
        by_five = tap.run(five, catalog=selected(catalog, STREAMS))
        yield Both(zone, emulator, by_four, by_five, calls_by_version(emulator), tap)


def settings(emulator: Emulator, version: int, **more: Any) -> dict[str, Any]:
    """Return the settings of a run."""
    return {
        **emulator.config,
        "api_version": version,
        "start_date": "2021-01-01T00:00:00Z",
        "export_poll_interval": 1,
        **more,
    }


def nothing_ahead(emulator: Emulator) -> None:
    """Date no row after now: versions 3 and 4 read opportunities whole, version 5 in windows."""
    now = emulator.settings.now()
    ahead = [row["id"] for row in emulator.rows("opportunity") if row["updated_at"] > now]
    emulator.update("opportunity", ahead, updated_at=now - 3600)


def around_clock_changes(emulator: Emulator) -> None:
    """Date rows every 15 minutes around both clock changes."""
    moments = [
        datetime.fromisoformat(change).timestamp() + quarter * 900
        for change in CHANGES
        for quarter in range(-8, 9)
    ]
    for name in OBJECTS.values():
        if name in {"visitorPageView", "lifecycleStage"}:
            continue
        rows = emulator.rows(name)[: len(moments)]
        for row, moment in zip(rows, moments, strict=False):
            changed = {"updated_at": moment} if "updated_at" in row else {}
            emulator.update(name, row["id"], created_at=moment, **changed)


def with_custom_fields(emulator: Emulator) -> None:
    """Give prospects custom fields of one value, of all types."""
    emulator.clear("customField")
    emulator.add(
        "customField", [{"id": n, "name": "A field", **each} for n, each in enumerate(FIELDS, 1)]
    )
    for place, row in enumerate(emulator.rows("prospect")):
        own = {name: values[place % len(values)] for name, values in VALUES.items()}
        emulator.update("prospect", row["id"], custom=own)


# --- what both dialects have ---


def test_both_runs_are_complete_and_version_5_reads_every_stream(both: Both) -> None:
    for run in (both.four, both.five):
        assert run.exit_code == 0, run.stderr
        assert run.last_line.startswith("Complete")
    assert read_by_version_5(both.five) == {*STREAMS}
    # The account, the custom fields, and a check of the ids of e-mails.
    assert both.versions[4] <= 4
    assert len(STREAMS) < both.versions[5] <= len(STREAMS) + 3  # visitors twice, the zone
    assert misfits(both.four) == misfits(both.five) == []
    assert both.emulator.unknown_calls == []


@pytest.mark.parametrize("stream", STREAMS)
def test_both_dialects_bring_the_same_rows(both: Both, stream: str) -> None:
    four, five = keyed(both.four, stream), keyed(both.five, stream)
    columns = schemas(both.four)[stream].keys() & schemas(both.five)[stream].keys()

    assert four
    if stream in NAMED_ONLY:
        assert four.keys() < five.keys()
    else:
        assert four.keys() == five.keys()
    differences = {
        (key, name, four[key][name], five[key][name])
        for key in four
        for name in columns
        if not is_equal(four[key][name], five[key][name], both.zone)
        and not is_known(both, stream, key, name)
    }
    assert differences == set()


@pytest.mark.parametrize("stream", STREAMS)
def test_columns_of_both_dialects_have_one_name_and_one_type(both: Both, stream: str) -> None:
    four, five = schemas(both.four)[stream], schemas(both.five)[stream]

    common = four.keys() & five.keys()
    assert {"id"} < common
    kinds = [
        {name: (columns[name].get("type"), columns[name].get("format")) for name in common}
        for columns in (four, five)
    ]
    assert kinds[0] == kinds[1]
    assert four.keys() - five.keys() == ONLY_4.get(stream, set())


def test_custom_fields_have_the_same_columns_and_values(both: Both) -> None:
    """One may be named like a standard column, or like a column that only version 5 has."""
    for run in (both.four, both.five):
        columns = schemas(run)["prospects"]
        assert {name: columns[name]["type"][0] for name in COLUMNS.values()} == {
            name: "number" if name in {"amount", "do_not_sell"} else "string"
            for name in COLUMNS.values()
        }
        assert columns["birthday"]["format"] == "date"
        records = keyed(run, "prospects")
        for row in both.emulator.rows("prospect"):
            own = {field: records[row["id"]][column] for field, column in COLUMNS.items()}
            assert own == dict.fromkeys(COLUMNS) | row["custom"]


@pytest.mark.parametrize("stream", OBJECTS)
def test_version_5_brings_every_row_with_its_exact_time(both: Both, stream: str) -> None:
    rows = {row["id"]: row for row in both.emulator.rows(OBJECTS[stream])}
    five = keyed(both.five, stream)

    expected = {key for key, row in rows.items() if row.get("type") != SESSION}
    assert five.keys() == (expected if stream == "visitor_activities" else rows.keys())
    assert len(five) == len(both.five.records[stream])  # each once
    wrong = {
        (key, name)
        for key, record in five.items()
        for name in ("created_at", "updated_at")
        if name in record and record[name] != time_of(rows[key], name)
    }
    assert wrong == set()


def test_rows_lie_in_both_passes_of_the_repeated_hour(both: Both) -> None:
    """Without such rows the other tests would show nothing."""
    change = datetime.fromisoformat(CHANGES[1]).timestamp()
    hour = {iso(change + quarter * 900) for quarter in range(-4, 4)}
    for stream in ("lists", "visitors", "prospects", "visitor_activities", "visits"):
        assert hour <= {row["updated_at"] for row in both.five.records[stream]}
    local_times = {local(each, both.zone) for each in hour}
    assert len(local_times) == (4 if both.zone == "America/New_York" else 8)


# --- what needs more than a query ---


@pytest.fixture
def few(emulator: Emulator) -> Emulator:
    """Seed a small account."""
    emulator.set(clock=NOW, export_seconds=0, numeric_strings="integers")
    emulator.seed(rows=12)
    nothing_ahead(emulator)
    emulator.clear("customField")
    return emulator


def test_a_field_with_several_values_is_read_by_versions_3_and_4(few: Emulator, tap: Runner):
    few.add("customField", [{"id": 1, "field_id": "Topics", "type_id": 6, "type": "Multi-Select"}])
    few.add("customField", [{"id": 2, "field_id": "Plain", "type_id": 1, "type": "Text"}])
    ids = [row["id"] for row in few.rows("prospect")]
    few.update("prospect", ids, custom={"Topics": ["Tea", "Wine"], "Plain": "x"})
    config = settings(few, 5)

    with_it = tap.run(config, catalog=selected(discovered(tap, config), {"prospects"}))
    without = selected(discovered(tap, config), {"prospects"}, without={"prospects": ["topics"]})
    without_it = tap.run(config, catalog=without)

    assert "prospects" not in read_by_version_5(with_it)
    assert {(*record["topics"],) for record in with_it.records["prospects"]} == {("Tea", "Wine")}
    assert read_by_version_5(without_it) == {"prospects"}
    assert misfits(with_it) == misfits(without_it) == []
    four, five = keyed(with_it, "prospects"), keyed(without_it, "prospects")
    assert four.keys() == five.keys() == {*ids}
    for key, record in five.items():
        assert {*four[key]} - {*record} == {"topics"}
        assert all(is_equal(four[key][name], record[name], ZONES[0]) for name in record)


def test_a_prospect_or_template_in_the_recycle_bin_is_archived(few: Emulator, tap: Runner):
    few.update("prospect", [row["id"] for row in few.rows("prospect")], deleted=False)
    gone = {
        "prospects": [row["id"] for row in few.rows("prospect")][:3],
        "email_templates": [row["id"] for row in few.rows("emailTemplate")][:4],
    }
    few.update("prospect", gone["prospects"], deleted=True)
    few.update("emailTemplate", [row["id"] for row in few.rows("emailTemplate")], isArchived=False)
    few.update("emailTemplate", gone["email_templates"], isArchived=True)
    config = settings(few, 5)

    run = tap.run(config, catalog=selected(discovered(tap, config), gone))

    assert run.exit_code == 0, run.stderr
    assert read_by_version_5(run) == {*gone}
    for stream, ids in gone.items():
        flags = {record["id"]: record["is_archived"] for record in run.records[stream]}
        assert {key for key, flag in flags.items() if flag is True} == {*ids}
        assert {*flags.values()} == {True, False}
    assert all(row["is_archived"] is row["is_deleted"] for row in run.records["prospects"])


def test_visitors_have_the_flag_of_the_side_that_was_asked_for(few: Emulator, tap: Runner):
    ids = [row["id"] for row in few.rows("visitor")]
    few.update("visitor", ids, deleted=False)
    few.update("visitor", ids[:5], deleted=True)
    config = settings(few, 5)
    catalog = selected(discovered(tap, config), {"visitors"})
    few.clear_calls()

    run = tap.run(config, catalog=catalog)

    flags = {record["id"]: record["is_deleted"] for record in run.records["visitors"]}
    assert flags == {key: key in ids[:5] for key in ids}
    sides = [call["params"]["deleted"] for call in few.calls if call["object"] == "visitor"]
    assert sides == ["false", "true"]
    few.clear_calls()

    without = selected(catalog, {"visitors"}, without={"visitors": ["is_deleted"]})
    run = tap.run(config, catalog=without)

    assert sorted(run.ids("visitors")) == ids
    sides = [call["params"]["deleted"] for call in few.calls if call["object"] == "visitor"]
    assert sides == ["all"]


def test_the_records_of_both_dialects_make_one_row_of_the_account(few: Emulator, tap: Runner):
    few.update("account", [row["id"] for row in few.rows("account")], admin_id=7)
    few.set(daily_limit=25_000)
    config = settings(few, 5, include=["account.vanity_domain", "account.tracking_code_template"])

    run = tap.run(config, catalog=selected(discovered(tap, config), {"account"}))

    (row,), (stored,) = run.records["account"], few.rows("account")
    assert misfits(run) == []
    assert {name: row[name] for name in ("admin_id", "vanity_domain", "company", "address1")} == {
        name: stored[name] for name in ("admin_id", "vanity_domain", "company", "address1")
    }
    assert row["maximum_daily_api_calls"] == 25_000
    assert row["api_calls_used"] > 0
    assert [call["version"] for call in few.calls if call["object"] == "account"] == [4, 5]
    few.clear_calls()

    new = ("admin_id", "maximum_daily_api_calls", "api_calls_used", "created_by_id")
    without = {"account": [*new, "updated_by_id"]}
    run = tap.run(config, catalog=selected(discovered(tap, config), {"account"}, without=without))

    assert len(run.records["account"]) == 1
    assert calls_by_version(few, "account")[4] == 1


def test_users_have_their_account_where_versions_3_and_4_read_them(few: Emulator, tap: Runner):
    config = settings(few, 5, include=["users.account"])

    run = tap.run(config, catalog=selected(discovered(tap, config), {"users"}))

    assert read_by_version_5(run) == set()
    assert {record["account"] for record in run.records["users"]} == {
        row["id"] for row in few.rows("account")
    }
    (warning,) = (line for line in run.warnings if line.startswith("users: "))
    new = ("username", "role_name", "salesforce_id", "tag_replacement_language", "is_deleted")
    assert all(name in warning for name in (*new, "created_by_id", "updated_by_id"))
    assert not {*new}.intersection(schemas(run)["users"])
    assert misfits(run) == []


@pytest.mark.parametrize("links", ["with links", "without links"])
def test_opportunities_are_equal_with_and_without_their_links(
    few: Emulator, tap: Runner, links: str
):
    has_links = links == "with links"
    streams = {"opportunities", "opportunity_prospects"}
    four = settings(few, 4)
    expected = tap.run(four, catalog=selected(discovered(tap, four), streams))
    config = settings(few, 5)
    catalog = selected(discovered(tap, config), streams if has_links else {"opportunities"})
    few.clear_calls()

    run = tap.run(config, catalog=catalog)

    assert calls_by_version(few, "opportunity") == ({4: 1} if has_links else {5: 1})
    assert read_by_version_5(run) == (set() if has_links else {"opportunities"})
    assert misfits(run) == []
    by_four, by_five = keyed(expected, "opportunities"), keyed(run, "opportunities")
    assert by_four.keys() == by_five.keys()
    assert not any({"prospects", "opportunity_activities"} & {*row} for row in by_five.values())
    for key, row in by_five.items():
        common = row.keys() & by_four[key].keys()
        assert all(is_equal(by_four[key][name], row[name], ZONES[0]) for name in common)
    assert run.records["opportunity_prospects"] == (
        expected.records["opportunity_prospects"] if has_links else []
    )


# --- what is known ---


ONLY_4: dict[str, set[str]] = {
    "account": {"vanity_domain", "tracking_code_template"},
    "email_templates": {
        *("from_name", "tracked_html_message", "tracked_text_message", "email_type"),
        *("send_options_reply_to_address", "send_options_send_from_data"),
    },
    "emails": {"is_one_to_one", "created_at"},
    "lists": {"is_crm_visible"},
    "opportunities": {"prospects", "opportunity_activities"},
    "users": {"account", "timezone"},
    "visits": {"visitor_page_views"},
}
"""By stream, the columns that are off by default under version 5."""


def keyed(run: Finished, stream: str) -> dict[int, dict[str, Any]]:
    """Return the records of a stream by id."""
    return {record["id"]: record for record in run.records[stream]}


def is_equal(four: Any, five: Any, zone: str) -> bool:
    """Return whether two values are equal, and of one type; times by the clock on the wall."""
    if four == five:
        # JSON has one type of numbers; what is whole may be written as 3 or 3.0.
        return isinstance(four, bool) is isinstance(five, bool)
    if not (isinstance(four, str) and isinstance(five, str) and "T" in four):
        return False
    try:
        return local(four, zone) == local(five, zone)
    except ValueError:
        return False


def is_known(both: Both, stream: str, key: int, name: str) -> bool:
    """Return whether a value differs because one dialect does not know it."""
    if stream != "email_templates":
        return False
    (row,) = (row for row in both.emulator.rows("emailTemplate") if row["id"] == key)
    # Versions 3 and 4 were seen to send a type without a meaning, and no word for "not archived".
    return (name == "type" and row["type"] == 3) or (
        name == "is_archived" and row["isArchived"] is None
    )


def time_of(row: dict[str, Any], name: str) -> str | None:
    """Return a time of the emulator's row as records write it."""
    value = row.get(name, row.get({"created_at": "createdAt", "updated_at": "updatedAt"}[name]))
    return None if value is None else iso(value)
