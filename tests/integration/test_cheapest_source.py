"""``bulk_source`` auto: each range is read by the source that costs fewer calls."""

from __future__ import annotations

import pytest

from tests.helpers.catalog import select
from tests.helpers.exports import QUICK, jobs_of, ops, row

NOW = "2024-06-01T12:00:00+00:00"
LATER = "2024-06-01T13:00:00+00:00"
BETWEEN = "2024-06-01T12:30:00Z"
THEN = "2024-05-20T10:00:00Z"
OBJECTS = {
    "visitor_activities": "visitorActivity",
    "prospects": "prospect",
    "prospect_accounts": "prospectAccount",
    "visitors": "visitor",
    "list_memberships": "listMembership",
}
MANY = 1_500
"""Rows that cost eight calls by query and seven by export."""
COLUMNS = {"prospects": ("email", "is_deleted")}
"""Columns of prospects that a query has."""


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW, export_seconds=0.01)
    return emulator


class Auto:
    """A tap whose runs go on from the last STATE, under the setting ``auto``."""

    def __init__(self, account, tap):
        self.account = account
        self._tap = tap
        self.state = None

    def run(self, *streams, columns=None, methods=None, **settings):
        self.account.clear_calls()
        config = {
            **self.account.config,
            **QUICK,
            "bulk_source": "auto",
            "start_date": "2024-05-01",
            **settings,
        }
        catalog = select(*streams, columns=columns or COLUMNS, methods=methods)
        run = self._tap.run(config, catalog=catalog, state=self.state)
        self.state = run.state or self.state
        return run

    def queries(self, stream):
        """The parameters of a stream's queries."""
        name = OBJECTS[stream]
        return [call["params"] for call in self.account.calls if call["object"] == name]


@pytest.fixture
def auto(account, tap):
    return Auto(account, tap)


def fill(account, stream, number, *, first=1, at=THEN, **fields):
    rows = [row(stream, n, at, **fields) for n in range(first, first + number)]
    account.add(OBJECTS[stream], rows)


# --- by query ---------------------------------------------------------------------------------


def test_a_range_with_few_rows_is_read_by_query_and_no_call_is_repeated(account, auto):
    for stream in OBJECTS:
        fill(account, stream, 150)

    run = auto.run("visitor_activities", "prospects", "list_memberships")

    assert run.exit_code == 0, run.stderr
    assert len(run.ids("prospects")) == len(run.ids("visitor_activities")) == 150
    assert len(auto.queries("visitor_activities")) == 1
    assert len(auto.queries("prospects")) == len(auto.queries("list_memberships")) == 2
    assert [call["op"] for call in ops(account, "create", "cancel")] == ["create", "cancel"]
    assert run.state["bookmarks"]["prospects"].get("jobs") is None
    assert "visitor_activities: by query (150 rows)." in run.stderr


def test_a_range_that_costs_as_many_calls_either_way_is_read_by_query(account, auto):
    fill(account, "visitor_activities", 1_399)  # seven pages; one job: create, four polls, ...

    run = auto.run("visitor_activities")

    assert len(run.ids("visitor_activities")) == 1_399
    assert jobs_of(account, "visitor_activities") == []
    assert "1399 rows: 7 calls by query, about 7 by export" in run.stderr


def test_a_query_that_one_run_has_begun_is_finished_by_the_next(account, auto):
    fill(account, "visitor_activities", 1_399)
    cut = auto.run("visitor_activities", daily_call_limit=6)
    fill(account, "visitor_activities", 5_000, first=2_000)  # now an export would be cheaper

    run = auto.run("visitor_activities")

    assert "an earlier run has begun the query" in run.stderr
    assert 0 < len(cut.ids("visitor_activities")) < 1_399
    assert jobs_of(account, "visitor_activities") == []
    both = cut.ids("visitor_activities") + run.ids("visitor_activities")
    assert sorted(both) == [*range(1, 1_400), *range(2_000, 7_000)]


# --- by export --------------------------------------------------------------------------------


def test_a_range_with_many_rows_is_exported(account, auto):
    fill(account, "visitor_activities", MANY)

    run = auto.run("visitor_activities")

    assert sorted(run.ids("visitor_activities")) == list(range(1, MANY + 1))
    assert len(jobs_of(account, "visitor_activities")) == 1
    assert "1500 rows: 8 calls by query, about 7 by export" in run.stderr
    # The first page and the count.
    assert [each["limit"] for each in auto.queries("visitor_activities")] == ["200", "1"]


def test_an_export_that_one_run_has_created_is_collected_by_the_next(account, auto):
    fill(account, "visitor_activities", MANY)
    cut = auto.run("visitor_activities", daily_call_limit=4)

    run = auto.run("visitor_activities")

    assert cut.ids("visitor_activities") == []
    assert auto.queries("visitor_activities") == []
    assert sorted(run.ids("visitor_activities")) == list(range(1, MANY + 1))
    assert len(jobs_of(account, "visitor_activities")) == 1


def test_each_side_goes_its_cheaper_way(account, auto):
    fill(account, "list_memberships", MANY)
    fill(account, "list_memberships", 3, first=9_001, deleted=True)

    run = auto.run("list_memberships")

    (job,) = jobs_of(account, "list_memberships")
    assert job["arguments"]["deleted"] == "false"
    flags = {row["id"]: row["is_deleted"] for row in run.records["list_memberships"]}
    assert flags == {n: n > 9_000 for n in [*range(1, MANY + 1), 9_001, 9_002, 9_003]}
    assert "active rows by export" in run.stderr
    assert "deleted rows by query (3 rows)" in run.stderr


@pytest.mark.parametrize("stream", ["visitors", "prospect_accounts"])
def test_only_deleted_rows_are_exported_where_a_query_gives_the_active_ones(account, auto, stream):
    fill(account, stream, 5)
    fill(account, stream, 2, first=6, deleted=True)

    run = auto.run(stream)

    (job,) = jobs_of(account, stream)
    assert job["arguments"]["deleted"] == "true"
    flags = {row["id"]: row["is_deleted"] for row in run.records[stream]}
    assert flags == {n: n > 5 for n in range(1, 8)}


def test_one_job_exports_both_sides_where_nobody_asks_which_is_which(account, auto):
    fill(account, "list_memberships", MANY)
    fill(account, "list_memberships", MANY, first=5_001, deleted=True)

    run = auto.run("list_memberships", columns={"list_memberships": ("list_id",)})

    assert len(run.ids("list_memberships")) == 2 * MANY
    (job,) = jobs_of(account, "list_memberships")
    assert job["arguments"]["deleted"] == "all"


def test_columns_that_only_exports_have_are_never_null_because_of_the_source(account, auto):
    fill(account, "prospects", 3, converted_at=THEN)

    run = auto.run("prospects", columns={"prospects": ("converted_at", "is_deleted")})

    assert {row["converted_at"][:10] for row in run.records["prospects"]} == {"2024-05-20"}
    # A query shows that there are no deleted rows, so there is no job for them.
    (job,) = jobs_of(account, "prospects")
    assert job["arguments"]["deleted"] == "false"
    assert "prospects: by export (only exports have converted_at)." in run.stderr


def test_a_window_without_changes_costs_no_job(account, auto):
    columns = {"prospects": ("converted_at", "is_deleted")}
    fill(account, "prospects", 3)
    auto.run("prospects", columns=columns)
    account.set(clock=LATER)

    idle = auto.run("prospects", columns=columns)

    assert ops(account, "create") == []
    assert len(auto.queries("prospects")) == 2
    bookmark = idle.state["bookmarks"]["prospects"]
    assert bookmark["replication_key_value"] == "2024-06-01T12:59:00+00:00"


def test_a_field_that_the_query_does_not_have_is_exported(account, auto):
    account.add("prospectAccountField", [{"id": 1, "field_id": "Size", "label": "Size"}])
    fill(account, "prospect_accounts", 3, custom={"Size": "XL"})
    refusal = {"code": 180, "message": "Invalid fields: Size", "times": None}
    account.fault(object="prospectAccount", op="query", **refusal)

    run = auto.run("prospect_accounts")

    assert run.exit_code == 0, run.stderr
    assert [row["size"] for row in run.records["prospect_accounts"]] == ["XL"] * 3


@pytest.mark.parametrize("code", [49, 87, 71])
def test_a_query_that_is_refused_is_replaced_by_exports(account, auto, code):
    fill(account, "visitor_activities", 3)
    account.fault(object="visitorActivity", op="query", code=code, times=None)

    run = auto.run("visitor_activities")

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("visitor_activities")) == [1, 2, 3]
    assert "by export (Pardot does not answer the query)" in run.stderr


# --- more than a year -------------------------------------------------------------------------


def test_an_empty_year_gets_no_job(account, auto):
    fill(account, "list_memberships", 20_000, at="2018-03-05T10:00:00Z")
    fill(account, "list_memberships", 2, first=30_001)
    fill(account, "list_memberships", 2, first=30_003, at="2016-03-05T10:00:00Z", deleted=True)

    run = auto.run("list_memberships", start_date="2015-01-01")

    assert len(run.ids("list_memberships")) == 20_004
    jobs = jobs_of(account, "list_memberships")
    years = sorted(job["arguments"]["updated_after"][:4] for job in jobs)
    assert years == ["2017", "2023"]
    assert run.state["bookmarks"]["list_memberships"]["jobs"] is None


@pytest.mark.parametrize("limit", range(4, 40, 3))
def test_a_first_run_of_years_that_is_stopped_anywhere_loses_nothing(account, auto, limit):
    """Active rows by export, a year at a time, and of each year the deleted ones by query."""
    for year in (2019, 2020, 2021, 2023):
        at, first = f"{year}-03-05T10:00:00Z", year * 10_000
        fill(account, "list_memberships", 2_000, first=first, at=at)
        fill(account, "list_memberships", 2, first=first + 5_000, at=at, deleted=True)
    cut = auto.run("list_memberships", start_date="2018-06-01", daily_call_limit=limit)

    run = auto.run("list_memberships", start_date="2018-06-01")

    assert run.exit_code == 0, run.stderr
    found = {*cut.ids("list_memberships"), *run.ids("list_memberships")}
    assert found == {each["id"] for each in account.rows("listMembership")}
    flags = {
        each["id"]: each["is_deleted"]
        for each in cut.records.get("list_memberships", []) + run.records["list_memberships"]
    }
    assert all(flag is (number % 10_000 >= 5_000) for number, flag in flags.items())


# --- everything -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [150, MANY])
def test_a_full_table_is_read_the_cheaper_way(account, auto, number):
    fill(account, "list_memberships", number)
    fill(account, "list_memberships", 2, first=9_001, deleted=True)
    methods = {"list_memberships": "FULL_TABLE"}

    auto.run("list_memberships", methods=methods)
    run = auto.run("list_memberships", methods=methods)

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("list_memberships")) == [*range(1, number + 1), 9_001, 9_002]
    created = {job["arguments"]["deleted"] for job in jobs_of(account, "list_memberships")}
    assert created == (set() if number == 150 else {"false", "true"})


# --- no count ---------------------------------------------------------------------------------


def test_where_pardot_does_not_count_the_query_goes_on_until_an_export_is_cheaper(account, auto):
    account.set(total_results=False)
    fill(account, "visitor_activities", 3_000)

    run = auto.run("visitor_activities")

    assert run.exit_code == 0, run.stderr
    assert set(run.ids("visitor_activities")) == set(range(1, 3_001))
    assert len(jobs_of(account, "visitor_activities")) == 1
    assert len(auto.queries("visitor_activities")) <= 9
    assert run.state["bookmarks"]["visitor_activities"]["window"] is None


def test_where_pardot_does_not_count_few_rows_are_read_by_query(account, auto):
    account.set(total_results=False)
    fill(account, "visitor_activities", 450)

    run = auto.run("visitor_activities")

    assert run.ids("visitor_activities") == list(range(1, 451))
    assert jobs_of(account, "visitor_activities") == []


# --- both sources give the same rows ----------------------------------------------------------


def test_both_sources_give_the_same_records(account, tap, emulator):
    emulator.reset(rows=120)
    # Pardot's JSON makes a number of "1e5", and its digits are gone then (A.6).
    emulator.set(numeric_strings="integers", export_booleans="words")
    streams = tuple(OBJECTS)
    records = {}
    for source in ("export", "query"):
        config = {**account.config, **QUICK, "bulk_source": source}
        run = tap.run(config, catalog=select(*streams))
        assert run.exit_code == 0, run.stderr
        for stream in streams:
            records[source, stream] = {each["id"]: each for each in run.records[stream]}
    for stream in streams:
        exported, queried = records["export", stream], records["query", stream]
        assert len(queried) > 50
        for number, record in queried.items():
            assert {name: exported[number][name] for name in record} == record
