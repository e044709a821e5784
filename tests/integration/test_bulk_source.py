"""``bulk_source`` query: the same rows by query; warnings name what is missing."""

from __future__ import annotations

import pytest

from tests.helpers.catalog import select

NOW = "2024-06-01T12:00:00+00:00"
THEN = "2024-05-20T10:00:00Z"
OBJECTS = {
    "visitor_activities": "visitorActivity",
    "prospects": "prospect",
    "prospect_accounts": "prospectAccount",
    "visitors": "visitor",
    "list_memberships": "listMembership",
}
WITH_RECYCLE_BIN = {"prospects", "list_memberships"}  # whose query can be asked for deleted rows
DELETED = {5, 205, 405}
SIZE = 431  # three pages


def rows(stream, number=SIZE, updated=THEN):
    """Rows that share one second, as imports and mass updates make them."""
    with_bin = stream != "visitor_activities"
    return [
        {"id": n, "created_at": THEN, "updated_at": updated}
        | ({"deleted": n in DELETED} if with_bin else {})
        for n in range(1, number + 1)
    ]


@pytest.fixture
def account(emulator):
    """Several pages of each object."""
    emulator.set(clock=NOW, export_seconds=0.0)
    for stream, name in OBJECTS.items():
        emulator.add(name, rows(stream))
    emulator.add("externalActivity", [{"id": 1, "createdAt": THEN}])
    return emulator


def settings(emulator, source="query", **more):
    return {
        **emulator.config,
        "start_date": "2024-05-01",
        "bulk_source": source,
        "export_poll_interval": 1,
        **more,
    }


def test_all_rows_of_the_five_objects_arrive_by_query(account, tap):
    catalog = select(*OBJECTS, "external_activities")

    run = tap.run(settings(account), catalog=catalog)

    assert run.exit_code == 0, run.stderr
    everything = set(range(1, SIZE + 1))
    for stream in OBJECTS:
        # Two queries return deleted rows, two do not, and activities have no recycle bin.
        hidden = DELETED if stream in {"visitors", "prospect_accounts"} else set()
        assert set(run.ids(stream)) == everything - hidden, stream
        assert len(run.ids(stream)) == len(everything - hidden)
        if stream in WITH_RECYCLE_BIN:
            flagged = {row["id"] for row in run.records[stream] if row["is_deleted"] is True}
            assert flagged == DELETED
            assert {row["is_deleted"] for row in run.records[stream]} == {True, False}
    (check,) = account.exports  # of the time zone
    assert check["fields"] == ["id", "updated_at"]
    assert "external_activities: 0 rows, 0 calls, skipped: Pardot has no query" in run.stderr
    visitors = [call["params"] for call in account.calls if call["object"] == "visitor"]
    assert {params["only_identified"] for params in visitors} == {"false"}
    pages = [call for call in account.calls if call["op"] == "query" and call["rows"] is not None]
    assert all("offset" not in call["params"] for call in pages)
    assert account.unknown_calls == []


def test_a_second_run_reads_only_what_changed(account, tap):
    catalog = select(*OBJECTS)
    first = tap.run(settings(account), catalog=catalog)
    account.set(clock="2024-06-01T14:00:00+00:00")
    between = "2024-06-01T13:00:00Z"
    for name in OBJECTS.values():
        account.update(name, [3, 300], updated_at=between)
    account.update("prospect", 300, deleted=True)
    account.clear_calls()

    second = tap.run(settings(account), catalog=catalog, state=first.state)

    for stream in OBJECTS:
        assert second.ids(stream) == [3, 300]
    assert [row["is_deleted"] for row in second.records["prospects"]] == [False, True]
    assert max(call["rows"] or 0 for call in account.calls) <= 2
    assert second.state["bookmarks"]["prospects"]["replication_key_value"].startswith(
        "2024-06-01T13:59"
    )


@pytest.mark.parametrize("limit", [5, 6, 7])
def test_a_run_that_stops_among_active_or_deleted_rows_is_resumed(account, tap, limit):
    """5 calls end among the active rows, 6 between the sides, 7 among the deleted ones."""
    account.add("prospect", [{**row, "deleted": row["id"] % 2 == 0} for row in rows("prospects")])
    catalog = select("prospects")

    cut = tap.run(settings(account, daily_call_limit=limit), catalog=catalog)
    account.clear_calls()
    rest = tap.run(settings(account), catalog=catalog, state=cut.state)

    assert "Stopped early" in cut.last_line
    assert 0 < len(cut.ids("prospects")) < SIZE
    both = cut.records["prospects"] + rest.records["prospects"]
    flags = {row["id"]: row["is_deleted"] for row in both}
    assert flags == {number: number % 2 == 0 for number in range(1, SIZE + 1)}
    # The active rows that were out already are not read again.
    active = {row["id"] for row in cut.records["prospects"] if not row["is_deleted"]}
    assert active.isdisjoint(row["id"] for row in rest.records["prospects"] if row["id"] % 2)


def test_columns_that_only_exports_have_are_left_out_with_a_warning(account, tap):
    run = tap.run(settings(account), catalog=select("prospects"))

    (schema,) = [each["schema"] for each in run.messages if each["type"] == "SCHEMA"]
    columns = set(schema["properties"])
    assert {"notes", "grade", "is_deleted"} <= columns
    assert not {"converted_at", "first_referrer_url", "term_parameter"} & columns
    assert all(set(record) == columns for record in run.records["prospects"])
    assert "only exports have them: converted_at" in run.stderr


def test_a_field_that_the_query_refuses_costs_only_itself(account, tap):
    account.add("customField", [{"id": 1, "field_id": "Odd_One", "name": "Odd", "type_id": 1}])
    account.fault(object="prospect", op="query", code=180, message="Invalid fields: Odd_One")

    run = tap.run(settings(account), catalog=select("prospects"))

    assert run.exit_code == 0, run.stderr
    assert len(run.records["prospects"]) == SIZE
    assert {record["odd_one"] for record in run.records["prospects"]} == {None}
    assert "prospects: Pardot has no field Odd_One (code 180)" in run.stderr


def test_the_sources_may_be_changed_at_any_time(account, tap):
    catalog = select("list_memberships")
    # Stopped after the exports were created: account, three windows' worth of calls.
    cut = tap.run(settings(account, "export", daily_call_limit=3), catalog=catalog)
    assert len(cut.state["bookmarks"]["list_memberships"]["jobs"]) == 2
    account.clear_calls()

    query = tap.run(settings(account), catalog=catalog, state=cut.state)

    assert query.exit_code == 0, query.stderr
    assert len(query.ids("list_memberships")) == SIZE
    assert query.state["bookmarks"]["list_memberships"]["jobs"] is None
    # Nobody would collect them any more.
    cancelled = [call["op"] for call in account.calls if call["object"] == "export"]
    assert cancelled == ["cancel", "cancel"]

    # And back, from a window that a query left open.
    cut = tap.run(settings(account, daily_call_limit=3), catalog=catalog)
    assert cut.state["bookmarks"]["list_memberships"]["window"]
    back = tap.run(settings(account, "export"), catalog=catalog, state=cut.state)

    assert back.exit_code == 0, back.stderr
    found = {row["id"]: row["is_deleted"] for row in back.records["list_memberships"]}
    assert found == {number: number in DELETED for number in range(1, SIZE + 1)}
    assert back.state["bookmarks"]["list_memberships"]["window"] is None


def test_full_table_by_query_reads_everything_each_time(account, tap):
    streams = ("visitors", "prospects")
    catalog = select(*streams, methods=dict.fromkeys(streams, "FULL_TABLE"))

    first = tap.run(settings(account), catalog=catalog)
    second = tap.run(settings(account), catalog=catalog, state=first.state)

    assert second.exit_code == 0, second.stderr
    assert sorted(second.ids("prospects")) == list(range(1, SIZE + 1))
    assert len(second.ids("visitors")) == SIZE - len(DELETED)


def test_the_access_test_asks_the_source_that_is_chosen(account, tap):
    for source, expected in (("query", "prospect"), ("export", "export")):
        account.clear_calls()
        done = tap.run(settings(account, source), "--test")

        assert done.exit_code == 0, done.stderr
        asked = {call["object"] for call in account.calls}
        assert ("visitorActivity" in asked) is (expected == "prospect")
        assert account.exports == []
