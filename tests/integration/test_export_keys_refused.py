"""Where exports refuse even the keys of a stream, a query reads it: for what a query has."""

from __future__ import annotations

import pytest

from tap_pardot.streams.prospects import EXPORT_ONLY
from tests.helpers.children import THEN, Runs

OBJECTS = {
    "prospects": "prospect",
    "visitors": "visitor",
    "prospect_accounts": "prospectAccount",
    "list_memberships": "listMembership",
    "visitor_activities": "visitorActivity",
}


@pytest.fixture
def account(emulator, tap):
    for name in OBJECTS.values():
        rows = [{"id": n, "created_at": THEN, "updated_at": THEN} for n in (1, 2)]
        emulator.add(name, rows)
    return Runs(emulator, tap)


def columns_of(run, stream):
    (found,) = [m for m in run.messages if m["type"] == "SCHEMA" and m["stream"] == stream]
    return {*found["schema"]["properties"]}


@pytest.mark.parametrize("stream", OBJECTS)
@pytest.mark.parametrize("code", [154, 180])
def test_the_query_brings_the_rows_without_columns_that_only_exports_have(account, stream, code):
    account.emulator.set(export_refused_fields=["updated_at"], export_refusal=code)

    run = account.sync(stream, bulk_source="export")

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids(stream)) == [1, 2]
    columns = columns_of(run, stream)
    assert {frozenset(record) for record in run.records[stream]} == {frozenset(columns)}
    if stream == "prospects":
        assert columns.isdisjoint(EXPORT_ONLY)
        assert {"email", "notes", "grade", "updated_at"} <= columns


def test_columns_are_right_also_where_the_first_job_had_to_wait_for_its_turn(account):
    """SCHEMA comes at the stream's turn: by then it is known what exports refuse."""
    account.emulator.set(export_refused_fields=["updated_at"], export_refusal=154)
    account.emulator.add("externalActivity", [{"id": 7, "createdAt": THEN}])
    streams = ("external_activities", "prospects")

    run = account.sync(*streams, bulk_source="export", max_waiting_exports=1)

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("prospects")) == [1, 2]
    assert run.ids("external_activities") == [7]
    assert columns_of(run, "prospects").isdisjoint(EXPORT_ONLY)


def test_the_next_run_goes_on_from_the_bookmark_with_the_same_columns(account):
    account.emulator.set(export_refused_fields=["updated_at"], export_refusal=154)
    first = account.sync("prospects", bulk_source="export")
    moment = account.later(2)
    account.emulator.update("prospect", 2, updated_at=moment)

    second = account.sync("prospects", bulk_source="export")

    assert second.ids("prospects") == [2]
    assert columns_of(second, "prospects") == columns_of(first, "prospects")
