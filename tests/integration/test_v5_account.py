"""Accounts that lack a version of the API, and the time zone of a run by both dialects."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pardot_emulator import Emulator
from tap_pardot.records.times import to_iso
from tap_pardot.streams import STREAMS, V5_STREAMS
from tap_pardot.streams.variants import lacked_by_version_5
from tests.helpers.catalog import select_5
from tests.helpers.zone import CHECKED

NOW = "2026-06-01T12:00:00+00:00"
OLD = "2026-05-20T10:00:00Z"
OFF_UNDER_5 = {f"{each.name}.{column}" for each in STREAMS for column in lacked_by_version_5(each)}
"""Columns that only versions 3 and 4 have, and that are off unless ``include`` names them."""
ONLY_5 = [each.name for each in V5_STREAMS if each.selected_by_default]


@pytest.fixture(scope="module")
def seeded():
    with Emulator(rows=30, timezone="America/New_York", export_seconds=0) as server:
        yield server


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW)
    for name in ("list", "tag"):
        emulator.add(name, [{"id": 1, "created_at": OLD, "updated_at": OLD}])
    emulator.add("folder", [{"id": 1, "createdAt": OLD, "updatedAt": OLD}])
    return emulator


@pytest.fixture
def gone(seeded):
    """Make versions of the API gone for one test."""

    def make(*versions, answer=198):
        seeded.clear_calls()
        seeded.set(versions_gone=[*versions], gone_answer=answer)
        return seeded

    yield make
    seeded.set(versions_gone=[])


def config_of(account, **settings):
    return {**account.config, "api_version": 5, "export_poll_interval": 1, **settings}


def without_zone(config):
    return {name: value for name, value in config.items() if name != "timezone"}


def common_records(run, other):
    """Return the records of a run by stream, sorted, with the columns that another has too.

    The jobs that the runs have created, and when the figures were read, differ.
    """
    return {
        name: sorted(
            (
                sorted(
                    (column, repr(value))
                    for column, value in each.items()
                    if column in found[0] and column != "read_at"
                )
                for each in run.records[name]
            ),
        )
        for name, found in other.records.items()
        if name != "exports"
    }


# --- version 5 is not there ----------------------------------------------------------------


@pytest.mark.parametrize("answer", [198, 404])
def test_without_version_5_a_run_equals_one_of_version_4_with_one_warning(gone, tap, answer):
    server = gone(5, answer=answer)
    end = {"end_date": "2026-01-01", "lookback_seconds": 120}

    by_5 = tap.run(config_of(server, **end))
    by_4 = tap.run(config_of(server, api_version=4, **end))

    assert by_5.exit_code == by_4.exit_code == 0, by_5.stderr
    assert by_5.records.keys() == by_4.records.keys()
    assert common_records(by_5, by_4) == common_records(by_4, by_5)
    lacking = {
        f"{name}.{column}"
        for name, records in by_4.records.items()
        for column in records[0].keys() - by_5.records[name][0].keys()
    }
    assert lacking == OFF_UNDER_5
    warnings = [line for line in by_5.warnings if line not in by_4.warnings]
    assert [line for line in warnings if "does not offer version 5" in line] != []
    others = [line for line in warnings if "does not offer version 5" not in line]
    assert {line.split(":")[0] for line in others} == {*ONLY_5}
    assert len(others) == len(ONLY_5)
    assert len([call for call in server.calls if call["version"] == 5]) == 3


@pytest.mark.parametrize("stream", ["account", "lifecycle_stages", "lists"])
def test_an_object_that_version_5_lacks_is_not_worth_a_warning(account, tap, stream):
    account.set(versions_gone=[5])

    run = tap.run(config_of(account), catalog=select_5(stream), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.warnings == []


# --- both versions give parts of one record ------------------------------------------------


def test_times_of_the_account_are_those_of_version_5(account, tap):
    (row,) = account.rows("account")
    config = without_zone(config_of(account))

    run = tap.run(config, catalog=select_5("account"))

    assert run.exit_code == 0, run.stderr
    assert [line for line in run.warnings if "did not fit" in line] == []
    (record,) = run.records["account"]
    for name in ("created_at", "updated_at"):
        assert record[name] == to_iso(datetime.fromtimestamp(row[name], UTC))
    assert record["maximum_daily_api_calls"]


# --- versions 3 and 4 are gone -------------------------------------------------------------


@pytest.mark.parametrize("answer", [198, 404])
def test_without_versions_3_and_4_a_run_reads_what_version_5_has(gone, tap, answer):
    server = gone(3, 4, answer=answer)

    run = tap.run(without_zone(config_of(server)))

    assert run.exit_code == 0, run.stderr
    only_4 = [each.name for each in STREAMS if each.v5 is None and each.selected_by_default]
    (warning,) = [line for line in run.warnings if "versions 3 and 4" in line and "offer" in line]
    for name in only_4:
        assert name in warning
        assert name not in run.records
    for name in ("prospects", "lists", "visitors", "visitor_activities", "list_emails"):
        assert run.records[name], name
    assert [call for call in server.calls if call["version"] != 5][1:] == []


def test_without_versions_3_and_4_version_5_names_the_custom_fields(gone, tap):
    before = tap.run(config_of(gone()), "--discover")
    server = gone(3, 4)
    after = tap.run(config_of(server), "--discover")
    server.clear_calls()
    run = tap.run(without_zone(config_of(server)))

    columns = columns_of(after.stdout, "prospects")
    assert columns == columns_of(before.stdout, "prospects")
    assert len({*columns} - {*columns_of(json.dumps(select_5()), "prospects")}) > 3
    queried = {name for name, each in columns.items() if "array" not in each}
    left_out = {*select_5_off("prospects"), "is_archived"}
    assert queried - {*run.records["prospects"][0]} <= left_out
    reads = [call for call in server.calls if call["object"] == "customField"]
    assert [call["version"] for call in reads] == [5]


def columns_of(catalog, stream):
    (entry,) = [each for each in json.loads(catalog)["streams"] if each["tap_stream_id"] == stream]
    return {name: each["type"] for name, each in entry["schema"]["properties"].items()}


def select_5_off(stream):
    """Return the columns of a stream that are off by default."""
    (entry,) = [each for each in select_5()["streams"] if each["tap_stream_id"] == stream]
    return [
        each["breadcrumb"][-1]
        for each in entry["metadata"]
        if each["metadata"].get("inclusion") == "unsupported"
    ]


# --- the time zone -------------------------------------------------------------------------


def test_what_only_version_5_reads_needs_no_time_zone(account, tap):
    config = without_zone(config_of(account))

    run = tap.run(config, catalog=select_5("lists", "folders", "tags"))

    assert run.exit_code == 0, run.stderr
    assert (run.ids("lists"), run.ids("folders"), run.ids("tags")) == ([1], [1], [1])
    assert run.records["lists"][0]["updated_at"] == "2026-05-20T10:00:00+00:00"
    assert [call for call in account.calls if call["object"] in {"export", "account"}][1:] == []


@pytest.mark.parametrize(
    ("stream", "columns"),
    [
        ("tag_objects", None),  # only versions 3 and 4 have it
        ("opportunities", None),  # its arrays are on by default
        ("prospects", ["email"]),  # exports
        ("email_clicks", None),
    ],
)
def test_what_versions_3_and_4_read_needs_the_time_zone_before_any_row(
    account, tap, stream, columns
):
    only = None if columns is None else {stream: columns}
    config = without_zone(config_of(account))

    run = tap.run(
        config, catalog=select_5("lists", stream, columns=only, include=["opportunities.prospects"])
    )

    assert run.exit_code == 1
    assert "set timezone" in run.last_line
    assert run.records == {}
    assert "SCHEMA" not in {each["type"] for each in run.messages}
    assert [call for call in account.calls if call["op"] == "create"] == []


def test_a_silently_read_parent_of_versions_3_and_4_needs_the_time_zone(account, tap):
    config = without_zone(config_of(account, include=["visits.visitor_page_views"]))
    catalog = select_5("visits", include=["visits.visitor_page_views"])

    run = tap.run(config, catalog=catalog)

    assert run.exit_code == 1
    assert "set timezone" in run.last_line
    assert run.records == {}


def test_a_bulk_stream_that_is_read_by_query_of_version_5_needs_no_time_zone(account, tap):
    account.add("prospect", [{"id": 1, "created_at": OLD, "updated_at": OLD}])
    config = without_zone(config_of(account, bulk_source="query"))

    run = tap.run(config, catalog=select_5("prospects", columns={"prospects": ["email"]}))

    assert run.exit_code == 0, run.stderr
    assert run.ids("prospects") == [1]


def test_a_wrong_zone_is_refused_before_any_row_of_versions_3_and_4(account, tap):
    config = config_of(account, timezone="Asia/Tokyo")

    run = tap.run(config, catalog=select_5("lists", "tag_objects"))

    assert run.exit_code == 1
    assert "hours away from the setting timezone (Asia/Tokyo)" in run.last_line
    assert run.records == {}
    assert [(call["object"], call["version"]) for call in account.calls] == [
        ("account", 4),
        ("account", 5),
    ]


def test_the_zone_is_checked_once_by_one_read_of_the_account(account, tap):
    catalog = select_5("lists", "tag_objects")

    first = tap.run(config_of(account), catalog=catalog)
    checks = [call for call in account.calls if (call["object"], call["version"]) == ("account", 5)]
    account.clear_calls()
    second = tap.run(config_of(account), catalog=catalog, state=first.state)

    assert first.exit_code == second.exit_code == 0, first.stderr
    assert len(checks) == 1
    assert first.state["timezone_check"] == CHECKED["timezone_check"]
    objects = [(call["object"], call["version"]) for call in account.calls]
    assert ("account", 5) not in objects
    assert "export" not in {name for name, _ in objects}


@pytest.mark.parametrize("forbidden", ["v5/account"])
def test_where_version_5_does_not_show_the_account_an_export_job_checks_the_zone(
    account, tap, forbidden
):
    account.set(forbidden=[forbidden])
    config = config_of(account, timezone="Asia/Tokyo")

    run = tap.run(config, catalog=select_5("lists", "tag_objects"))

    assert run.exit_code == 1
    assert "hours away from the setting timezone (Asia/Tokyo)" in run.last_line
    assert run.records == {}
    assert [call["op"] for call in account.calls if call["object"] == "export"][:1] == ["create"]


def test_a_selection_of_version_5_does_not_check_the_zone(account, tap):
    run = tap.run(config_of(account, timezone="Asia/Tokyo"), catalog=select_5("lists", "folders"))

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1]
    assert [(call["object"], call["version"]) for call in account.calls] == [
        ("account", 4),
        ("folder", 5),
        ("list", 5),
    ] or len(account.calls) == 3


def test_a_stream_that_falls_back_to_versions_3_and_4_has_its_zone_checked(account, tap):
    account.set(forbidden=["v5/lists"])
    config = config_of(account, timezone="Asia/Tokyo")

    run = tap.run(config, catalog=select_5("lists"))

    assert run.exit_code == 1
    assert "hours away from the setting timezone (Asia/Tokyo)" in run.last_line
    assert run.records == {}


def test_a_stream_that_falls_back_to_versions_3_and_4_without_a_zone_fails_alone(account, tap):
    account.set(forbidden=["v5/lists"])

    run = tap.run(without_zone(config_of(account)), catalog=select_5("lists", "tags"))

    assert run.exit_code == 1
    assert run.ids("tags") == [1]
    assert "lists" not in run.records
    assert any("set timezone" in line for line in run.warnings if line.startswith("lists: "))


# --- parents that are read for their children ----------------------------------------------


@pytest.fixture
def forbidden(seeded):
    """Forbid objects of version 5 for one test."""

    def make(*names):
        seeded.clear_calls()
        seeded.set(forbidden=[*names])
        return seeded

    yield make
    seeded.set(forbidden=[])


def test_a_parent_that_version_5_refuses_is_read_for_its_children_by_version_4(forbidden, tap):
    server, include = forbidden(), ["visits.visitor_page_views"]
    config, catalog = config_of(server, include=include), select_5("visits", include=include)
    expected = tap.run(config, catalog=catalog)
    forbidden("v5/visitors")

    run = tap.run(config, catalog=catalog)

    assert expected.exit_code == run.exit_code == 0, run.stderr
    assert sorted(run.ids("visits")) == sorted(expected.ids("visits")) != []
    versions = {call["version"] for call in server.calls if call["object"] == "visitor"}
    assert versions == {4, 5}
