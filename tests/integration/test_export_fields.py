"""A job asks for exactly the selected columns, and a refused field costs only itself."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime

import pytest

from tests.helpers.catalog import select
from tests.helpers.exports import OBJECTS, QUICK, jobs_of, ops, row

NOW = "2024-06-01T12:00:00+00:00"
MARCH = "2024-03-05T10:00:00+00:00"
YEARS = [f"{year}-03-05T10:00:00Z" for year in (2022, 2023, 2024)]
SINCE = {**QUICK, "start_date": "2023-09-01"}
LONG = {**QUICK, "start_date": "2021-09-01"}


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW, export_seconds=0.05)  # time to cancel what was only tried
    return emulator


def with_custom_fields(account, number, rows=4):
    """Give prospects so many custom fields, with a value of its own in each."""
    account.add(
        "customField",
        [
            {"id": n, "field_id": f"Field_{n}", "name": f"Field {n}", "type": "Text", "type_id": 1}
            for n in range(1, number + 1)
        ],
    )
    account.add(
        "prospect",
        [
            row(
                "prospects",
                n,
                YEARS[n % 3],
                email=f"p{n}@example.com",
                deleted=n % 4 == 0,
                custom={f"Field_{f}": f"v{n}-{f}" for f in range(1, number + 1)},
            )
            for n in range(1, rows + 1)
        ],
    )


def check_prospects(run, number, rows=4, without=()):
    """Check that each prospect came once, whole, with its flag."""
    assert Counter(run.ids("prospects")) == dict.fromkeys(range(1, rows + 1), 1)
    for record in run.records["prospects"]:
        n = record["id"]
        assert record["is_deleted"] is (n % 4 == 0)
        assert record["email"] == f"p{n}@example.com"
        for f in range(1, number + 1):
            expected = None if f in without else f"v{n}-{f}"
            assert record[f"field_{f}"] == expected


def live(account, stream="prospects"):
    return [job for job in jobs_of(account, stream) if job["state"] != "Canceled"]


# --- what is asked for ---


def test_jobs_ask_for_the_selected_columns_and_the_keys_alone(account, tap):
    columns = {
        "prospects": ["email", "notes", "converted_at"],
        "visitor_activities": ["type"],
        "external_activities": ["type_salesforce_id"],
        "visitors": ["is_deleted"],
    }
    account.add("prospect", [row("prospects", 1, MARCH, email="a@example.com", notes="n")])
    streams = tuple(columns)
    run = tap.run({**account.config, **SINCE}, catalog=select(*streams, columns=columns))

    assert run.exit_code == 0, run.stderr
    asked = {
        stream: {tuple(job["fields"]) for job in jobs_of(account, stream)} for stream in streams
    }
    assert asked == {
        "prospects": {("id", "updated_at", "email", "notes", "converted_at")},
        "visitor_activities": {("id", "updated_at", "type")},
        "external_activities": {("id", "createdAt", "typeSalesforceId")},
        "visitors": {("id", "updated_at")},
    }
    assert run.records["prospects"] == [
        {
            "id": 1,
            "email": "a@example.com",
            "notes": "n",
            "converted_at": None,
            "updated_at": MARCH,
        }
    ]


def test_more_fields_than_a_job_takes_are_joined_and_each_row_comes_once(account, tap):
    """150 fields a job, keys included (reference D.1)."""
    with_custom_fields(account, 200, rows=40)
    run = tap.run({**account.config, **LONG}, catalog=select("prospects"))
    assert run.exit_code == 0, run.stderr
    check_prospects(run, 200, rows=40)
    assert max(len(job["fields"]) for job in account.exports) <= 150
    assert len(account.exports) == 3 * 2 * 2  # windows, sides of the recycle bin, parts
    sets = {frozenset(job["fields"]) for job in account.exports}
    left, right = sets
    assert left & right == {"id", "updated_at"}


def test_a_row_that_changed_between_two_parts_comes_whole_with_the_next_run(account, tap):
    account.set(export_seconds=0)
    with_custom_fields(account, 200, rows=6)
    account.fault(
        op="create",
        nth=2,
        change={
            "update": {"prospect": {"ids": [1], "fields": {"updated_at": "2024-06-01T11:59:50Z"}}}
        },
    )
    catalog = select("prospects")
    run = tap.run({**account.config, **SINCE, "start_date": "2021-01-01"}, catalog=catalog)
    assert run.exit_code == 0, run.stderr
    found = {record["id"]: record for record in run.records["prospects"]}
    assert sorted(found) == [2, 3, 4, 5, 6]  # half of the first one would be worse than nothing
    assert all(found[n][f"field_{f}"] == f"v{n}-{f}" for n in found for f in range(1, 201))
    account.set(clock="2024-06-01T18:00:00Z")
    second = tap.run({**account.config, **SINCE}, catalog=catalog, state=run.state)
    (record,) = second.records["prospects"]
    assert (record["id"], record["field_200"]) == (1, "v1-200")


# --- one refused field ---


@pytest.mark.parametrize("code", [154, 180])
@pytest.mark.parametrize("field", ["Field_7", "industry"])
def test_one_refused_field_is_left_out_with_a_warning(account, tap, code, field):
    """180 may name the field, 154 does not: it is found by halves, once for all windows."""
    with_custom_fields(account, 20, rows=8)
    account.set(export_refused_fields={field}, export_refusal=code)
    run = tap.run({**account.config, **LONG}, catalog=select("prospects"))
    assert run.exit_code == 0, run.stderr
    check_prospects(run, 20, rows=8, without={7} if field == "Field_7" else set())
    warnings = re.findall(r"prospects: Pardot refuses to export the field (\w+)", run.stderr)
    assert warnings == [field]
    jobs = live(account)
    assert len(jobs) == 3 * 2
    assert all(field not in job["fields"] for job in jobs)
    refused = [call for call in ops(account, "create") if call["code"] == code]
    assert len(refused) == 1 if code == 180 else len(refused) <= 8
    assert len(ops(account, "create")) <= len(jobs) + (1 if code == 180 else 16)


def test_several_refused_fields_of_both_kinds_are_all_found(account, tap):
    with_custom_fields(account, 30, rows=4)
    account.set(export_refused_fields={"Field_3", "Field_29", "fax", "zip"})
    run = tap.run({**account.config, **SINCE, **LONG}, catalog=select("prospects"))
    assert run.exit_code == 0, run.stderr
    check_prospects(run, 30, without={3, 29})
    assert set(re.findall(r"refuses to export the field (\w+)", run.stderr)) == {
        *("Field_3", "Field_29", "fax", "zip")
    }


def test_a_refusal_of_the_object_itself_is_a_failure_and_takes_few_calls(account, tap):
    account.set(export_objects=sorted(set(OBJECTS.values()) - {"externalActivity"}))
    streams = ("external_activities", "visitor_activities")
    run = tap.run({**account.config, **SINCE}, catalog=select(*streams))
    assert run.exit_code == 1
    assert "154" in run.line("external_activities")
    assert "done" in run.line("visitor_activities")
    tries = [c for c in ops(account, "create") if c["params"].get("object") == "externalActivity"]
    assert len(tries) <= 2


def test_what_was_refused_is_known_to_the_run_that_takes_up_the_jobs(account, tap):
    """Else the jobs would not fit what is wanted, and never be collected."""
    with_custom_fields(account, 5)
    account.set(export_refused_fields={"Field_2"}, export_seconds=3600)
    config = {**account.config, **LONG, "export_timeout": 1}
    first = tap.run(config, catalog=select("prospects"))
    assert first.exit_code == 1, first.stderr
    made = len(account.exports)
    account.set(export_seconds=0)
    account.clear_calls()
    second = tap.run(config, catalog=select("prospects"), state=first.state)
    assert second.exit_code == 0, second.stderr
    check_prospects(second, 5, without={2})
    assert len(account.exports) == made
    assert ops(account, "create", "cancel") == []
    assert second.state["bookmarks"]["prospects"]["refused"] is None


# --- all custom fields refused ---


@pytest.mark.parametrize("code", [154, 180])
@pytest.mark.parametrize("number", [1, 12, 200])
def test_custom_fields_that_exports_refuse_come_by_query(account, tap, code, number):
    """Whether exports take custom fields is in no document (reference D.8.4)."""
    with_custom_fields(account, number, rows=8)
    account.set(export_custom_fields=code)
    run = tap.run({**account.config, **LONG}, catalog=select("prospects"))
    assert run.exit_code == 0, run.stderr
    check_prospects(run, number, rows=8)
    assert "exports refuse custom fields" in run.stderr
    assert len(live(account)) == 3 * 2
    assert len(ops(account, "create")) <= 6 + 8
    queries = [call for call in account.calls if call["object"] == "prospect"]
    assert len(queries) == 3 * 2
    if number == 200:
        assert {call["method"] for call in queries} == {"POST"}


def test_windows_of_that_query_are_halved_once_for_the_run(account, tap):
    with_custom_fields(account, 2, rows=8)
    account.set(export_custom_fields=180)
    account.fault(object="prospect", op="query", code=202, status=429, times=2)

    run = tap.run({**account.config, **LONG}, catalog=select("prospects"))

    assert run.exit_code == 0, run.stderr
    check_prospects(run, 2, rows=8)
    asked = [call["params"] for call in account.calls if call["object"] == "prospect"]
    days = [
        (
            datetime.fromisoformat(each["updated_before"])
            - datetime.fromisoformat(each["updated_after"])
        ).days
        for each in asked
    ]
    assert days[:3] == [365, 365, 182]
    assert max(days[2:]) == 182


def test_multiple_values_are_the_same_by_export_and_by_query(account, tap):
    account.add(
        "customField",
        [
            {"id": 1, "field_id": "Colours", "name": "Colours", "type_id": 3, "type": "Checkbox"},
            {"id": 2, "field_id": "Size", "name": "Size", "type_id": 8, "type": "Number"},
            {"id": 3, "field_id": "Code", "name": "Code", "type_id": 1, "type": "Text"},
        ],
    )
    values = [
        {"Colours": ["red", "blue"], "Size": "1.50", "Code": "02190"},
        {"Colours": ["red"], "Size": "2", "Code": "2024"},
        {"Code": "=x;y"},
    ]
    account.add(
        "prospect", [row("prospects", n, MARCH, custom=v) for n, v in enumerate(values, start=1)]
    )
    config = {**account.config, **SINCE}
    export = tap.run(config, catalog=select("prospects"))
    account.set(export_custom_fields=154)
    query = tap.run(config, catalog=select("prospects"))
    assert export.exit_code == query.exit_code == 0

    def by_id(run):
        return {record["id"]: record for record in run.records["prospects"]}

    assert by_id(export) == by_id(query)
    assert by_id(query)[1]["colours"] == ["red", "blue"]
    assert [by_id(query)[n]["code"] for n in (1, 2, 3)] == ["02190", "2024", "=x;y"]


def test_accounts_in_the_recycle_bin_are_exported_where_no_query_finds_them(account, tap):
    """Only two objects' queries know the recycle bin (reference C.0)."""
    account.add(
        "prospectAccountField",
        [{"id": 1, "field_id": "tier", "label": "Tier", "type": "text", "custom": True}],
    )
    account.add(
        "prospectAccount",
        [
            row("prospect_accounts", n, MARCH, deleted=n == 2, custom={"tier": f"t{n}"})
            for n in (1, 2)
        ],
    )
    account.set(export_refused_fields={"tier"})
    run = tap.run({**account.config, **SINCE}, catalog=select("prospect_accounts"))
    assert run.exit_code == 0, run.stderr
    found = {r["id"]: (r["tier"], r["is_deleted"]) for r in run.records["prospect_accounts"]}
    assert found == {1: ("t1", False), 2: (None, True)}


# --- the recycle bin ---


@pytest.mark.parametrize("refused", [set(), {"Field_2"}])
def test_deleted_prospects_come_by_query_where_exports_refuse_the_argument(account, tap, refused):
    """The two documents disagree on it (reference D.8.4)."""
    with_custom_fields(account, 3, rows=12)
    account.set(export_prospect_deleted=175, export_refused_fields=refused)
    account.update("prospect", range(1, 13), converted_at="2024-01-01T00:00:00Z")
    run = tap.run({**account.config, **LONG}, catalog=select("prospects", "list_memberships"))
    assert run.exit_code == 0, run.stderr
    check_prospects(run, 3, rows=12, without={2} if refused else set())
    assert "exports refuse the argument deleted (Pardot code 175)" in run.stderr
    assert all("deleted" not in job["arguments"] for job in live(account))
    assert len(live(account)) == 3
    for record in run.records["prospects"]:
        assert (record["converted_at"] is None) is record["is_deleted"]

    again = tap.run({**account.config, **LONG}, catalog=select("prospects"), state=run.state)
    assert again.exit_code == 0
    assert again.records["prospects"] == []


def refuses_the_bin(account, name):
    for side in ("true", "false", "all"):
        asked = {"object": name, "deleted": side}
        account.fault(op="create", params=asked, times=None, code=175)


def test_a_query_that_takes_no_fields_is_not_asked_for_any(account, tap):
    """List memberships have no such parameter (reference C.0)."""
    rows = [row("list_memberships", n, MARCH, deleted=n > 3) for n in range(1, 6)]
    account.add("listMembership", rows)
    account.set(unknown_parameters="refused")
    refuses_the_bin(account, "listMembership")
    run = tap.run({**account.config, **SINCE}, catalog=select("list_memberships"))
    assert run.exit_code == 0, run.stderr
    found = {r["id"]: r["is_deleted"] for r in run.records["list_memberships"]}
    assert found == {n: n > 3 for n in range(1, 6)}
    assert "rows in the recycle bin are read by query." in run.stderr


@pytest.mark.parametrize("stream", ["visitors", "prospect_accounts"])
def test_active_rows_are_read_where_deleted_ones_cannot_be_queried(account, tap, stream):
    account.add(OBJECTS[stream], [row(stream, n, MARCH, deleted=n > 3) for n in range(1, 6)])
    refuses_the_bin(account, OBJECTS[stream])
    run = tap.run({**account.config, **SINCE}, catalog=select(stream))
    assert run.exit_code == 0, run.stderr
    assert {r["id"]: r["is_deleted"] for r in run.records[stream]} == dict.fromkeys(
        (1, 2, 3), False
    )
    assert "rows in the recycle bin are not read" in run.stderr


@pytest.mark.parametrize("waiting", [24, 1])
def test_an_object_whose_time_of_change_cannot_be_exported_is_queried(account, tap, waiting):
    """It is not among the documented fields of prospect accounts (reference D.8.5)."""
    moments = [MARCH, "2023-10-05T10:00:00Z"]
    account.add(
        "prospectAccount",
        [row("prospect_accounts", n, moments[n % 2], name=f"n{n}") for n in range(1, 6)],
    )
    account.add("visitor", [row("visitors", 1, MARCH)])
    refused = {"object": "prospectAccount"}
    account.fault(op="create", params=refused, times=None, code=154)
    config = {**account.config, **SINCE, "max_waiting_exports": waiting}
    run = tap.run(config, catalog=select("visitors", "prospect_accounts"))
    assert run.exit_code == 0, run.stderr
    found = {r["id"]: r["name"] for r in run.records["prospect_accounts"]}
    assert found == {n: f"n{n}" for n in range(1, 6)}
    assert run.ids("visitors") == [1]
    assert "but for those in the recycle bin" in run.stderr
    second = tap.run(config, catalog=select("prospect_accounts"), state=run.state)
    assert second.exit_code == 0, second.stderr
    assert second.ids("prospect_accounts") == []
