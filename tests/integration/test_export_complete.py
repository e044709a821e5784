"""Exports lose no row: any number of files, any second, both sides of the recycle bin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tap_pardot.records.times import is_ambiguous, to_iso, to_local
from tap_pardot.sources import export_windows
from tests.helpers.catalog import select
from tests.helpers.exports import OBJECTS, QUICK, WITH_RECYCLE_BIN, fill, jobs_of, missing, ops, row

NOW = "2024-06-01T12:00:00+00:00"
YEAR_AGO = {"start_date": "2023-09-01"}
MARCH = "2024-03-05T10:00:00+00:00"


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW, export_seconds=0.01)
    return emulator


def test_no_file_one_file_and_three_files_of_a_job_are_all_of_it(account, tap):
    """``resultRefs`` is absent, a text and an array (reference D.5)."""
    account.set(export_file_rows=7)
    sizes = dict(zip(OBJECTS, (20, 7, 0, 1, 14, 21), strict=True))
    for stream, size in sizes.items():
        fill(account, [stream], [MARCH] * size)

    run = tap.run({**account.config, **QUICK, **YEAR_AGO}, catalog=select(*OBJECTS))

    assert run.exit_code == 0, run.stderr
    assert {stream: sorted(run.ids(stream)) for stream in OBJECTS} == {
        stream: list(range(1, size + 1)) for stream, size in sizes.items()
    }
    files = {stream: sum(len(job["files"]) for job in jobs_of(account, stream)) for stream in sizes}
    assert files == {stream: -(-size // 7) for stream, size in sizes.items()}
    # Nothing is asked twice: jobs are made, looked at and downloaded, once each.
    jobs = 2 + 2 * len(WITH_RECYCLE_BIN)
    assert len(ops(account, "create")) == jobs
    assert len(ops(account, "download")) == sum(files.values())
    assert account.unknown_calls == []


@pytest.mark.parametrize("fold", ["early", "late"])
@pytest.mark.parametrize("name", ["America/New_York", "Australia/Lord_Howe"])
def test_rows_on_every_edge_second_and_beside_it_arrive_over_five_years(account, tap, name, fold):
    """The first edge of the five years would lie in the repeated hour of an autumn."""
    zone = ZoneInfo(name)
    account.set(timezone=name, fold=fold)
    end = datetime.fromisoformat(NOW) - timedelta(seconds=60)
    autumn = {
        "America/New_York": "2019-11-02T05:30:01Z",
        "Australia/Lord_Howe": "2019-04-05T14:45:01Z",
    }[name]
    start = datetime.fromisoformat(autumn)
    pieces = list(export_windows.windows(start, end, zone))
    assert len(pieces) >= 5
    assert is_ambiguous(start + timedelta(days=365, seconds=-1), zone)
    beside = [timedelta(seconds=s) for s in (-1, 0, 1)]
    moments = [edge + by for piece in pieces for edge in piece for by in beside]
    changes = [
        datetime(year, month, 1, tzinfo=UTC) + timedelta(days=day, hours=hour, seconds=second)
        for year in range(2020, 2024)
        for month in (3, 4, 10, 11)
        for day in range(10)
        for hour in (5, 6, 7, 15)
        for second in (-1, 0)
    ]
    streams = ["visitor_activities", "list_memberships", "external_activities"]
    inside = [at for at in (*moments, *changes) if pieces[0].start <= at < end]
    fill(account, streams, inside)

    run = tap.run({**account.config, **QUICK, "start_date": autumn}, catalog=select(*streams))

    assert run.exit_code == 0, run.stderr
    assert missing(account, run, streams) == {}
    for job in jobs_of(account, "visitor_activities"):
        asked = [job["arguments"][name] for name in ("updated_after", "updated_before")]
        on_the_wall = [datetime.fromisoformat(text) for text in asked]
        assert on_the_wall[1] - on_the_wall[0] <= timedelta(days=365)
    # Neither of an edge's two sides can be misread.
    for piece in pieces:
        for edge in piece:
            walls = [to_local(edge + by, zone) for by in beside[:2]]
            read = [datetime.fromisoformat(wall).replace(tzinfo=zone, fold=1) for wall in walls]
            assert [to_iso(each) for each in read] == [to_iso(edge + by) for by in beside[:2]]


def test_is_deleted_is_true_for_rows_in_the_recycle_bin_only(account, tap):
    for stream in WITH_RECYCLE_BIN:
        rows = [row(stream, n, MARCH, deleted=n % 3 == 0) for n in range(1, 10)]
        account.add(OBJECTS[stream], rows)
    config = {**account.config, **QUICK, **YEAR_AGO}

    run = tap.run(config, catalog=select(*WITH_RECYCLE_BIN))

    assert run.exit_code == 0, run.stderr
    for stream in WITH_RECYCLE_BIN:
        flags = {record["id"]: record["is_deleted"] for record in run.records[stream]}
        assert flags == {n: n % 3 == 0 for n in range(1, 10)}
        sides = [job["arguments"]["deleted"] for job in jobs_of(account, stream)]
        assert sides == ["false", "true"]

    # Changes since then: one deleted, one restored, one changed, one new.
    account.set(clock="2024-06-02T12:00:00+00:00")
    since = "2024-06-01T15:00:00+00:00"
    for stream in WITH_RECYCLE_BIN:
        account.update(OBJECTS[stream], 1, deleted=True, updated_at=since)
        account.update(OBJECTS[stream], 3, deleted=False, updated_at=since)
        account.update(OBJECTS[stream], 4, updated_at=since)
        account.add(OBJECTS[stream], [row(stream, 10, since)])
    second = tap.run(config, catalog=select(*WITH_RECYCLE_BIN), state=run.state)

    assert second.exit_code == 0, second.stderr
    for stream in WITH_RECYCLE_BIN:
        flags = {record["id"]: record["is_deleted"] for record in second.records[stream]}
        assert flags == {1: True, 3: False, 4: False, 10: False}
        bookmark = second.state["bookmarks"][stream]
        assert bookmark["replication_key_value"] == "2024-06-02T11:59:00+00:00"
        assert bookmark["jobs"] is None


def test_without_the_flag_one_job_brings_both_sides(account, tap):
    """Nobody asks which is which, so nobody pays for it."""
    rows = [row("list_memberships", n, MARCH, deleted=n == 2) for n in (1, 2, 3)]
    account.add("listMembership", rows)
    catalog = select("list_memberships", columns={"list_memberships": ["list_id"]})

    run = tap.run({**account.config, **QUICK, **YEAR_AGO}, catalog=catalog)

    assert sorted(run.ids("list_memberships")) == [1, 2, 3]
    assert set(run.records["list_memberships"][0]) == {"id", "list_id", "updated_at"}
    (job,) = jobs_of(account, "list_memberships")
    assert job["arguments"]["deleted"] == "all"


def test_external_activities_are_read_by_creation_under_their_own_spelling(account, tap):
    """Alone among exports they are asked for in camelCase (reference D.8.1)."""
    account.add(
        "externalActivity",
        [
            {
                "id": 5,
                "extension": "Events",
                "type": "Attended",
                "prospectId": 77,
                "value": "=1+1",
                "activityDate": "2024-03-01T05:00:00Z",
                "createdAt": "2024-03-05T10:00:00Z",
                "createdById": None,
            }
        ],
    )
    config = {**account.config, **QUICK, **YEAR_AGO}
    run = tap.run(config, catalog=select("external_activities"))

    (record,) = run.records["external_activities"]
    assert record["created_at"] == MARCH
    assert record["activity_date"] == "2024-03-01T05:00:00+00:00"
    assert (record["prospect_id"], record["value"], record["created_by_id"]) == (77, "=1+1", None)
    (job,) = jobs_of(account, "external_activities")
    assert job["procedure"] == "filter_by_created_at"
    assert "createdAt" in job["fields"]
    assert run.state["bookmarks"]["external_activities"]["replication_key"] == "created_at"

    again = tap.run(config, catalog=select("external_activities"), state=run.state)
    assert again.records["external_activities"] == []


def test_full_table_reads_everything_each_time(account, tap):
    fill(account, ["visitors"], [MARCH, "2021-03-05T10:00:00Z"])
    catalog = select("visitors")
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "visitors":
            entry["replication_method"] = "FULL_TABLE"
    config = {**account.config, **QUICK, "start_date": "2020-01-01"}
    first = tap.run(config, catalog=catalog)
    second = tap.run(config, catalog=catalog, state=first.state)
    assert sorted(first.ids("visitors")) == sorted(second.ids("visitors")) == [1, 2]


# --- anonymous visitors ---


def anonymous(account, many):
    account.add(
        "visitor",
        [
            row(
                "visitors",
                n,
                f"2024-0{1 + n % 3}-05T10:00:00Z",
                identified=n in many,
                deleted=n > 28,
            )
            for n in range(1, 31)
        ],
    )


@pytest.mark.parametrize("columns", [None, ["hostname"]])
def test_anonymous_visitors_arrive_where_exports_leave_them_out(account, tap, columns):
    """Whether they do is in no document (reference D.8.6)."""
    anonymous(account, range(1, 8))
    account.set(export_anonymous_visitors=False)
    config = {**account.config, **QUICK, "start_date": "2022-01-01"}
    catalog = select("visitors", columns=None if columns is None else {"visitors": columns})
    run = tap.run(config, catalog=catalog)
    assert run.exit_code == 0, run.stderr
    active = {r["id"] for r in run.records["visitors"]}
    assert active >= set(range(1, 29))
    assert "leave out anonymous visitors" in run.stderr
    assert run.state["bookmarks"]["visitors"]["limited"] is True

    # From then on it is known.
    account.clear_calls()
    account.add("visitor", [row("visitors", 50, "2024-06-01T12:30:00Z", identified=False)])
    account.set(clock="2024-06-01T13:00:00+00:00")
    again = tap.run(config, catalog=catalog, state=run.state)
    assert again.exit_code == 0, again.stderr
    assert again.ids("visitors") == [50]
    assert len([call for call in account.calls if call["object"] == "visitor"]) == 1


def test_two_calls_a_run_find_out_that_exports_hold_all_visitors(account, tap):
    anonymous(account, range(1, 20))
    config = {**account.config, **QUICK, "start_date": "2022-01-01"}
    run = tap.run(config, catalog=select("visitors"))
    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("visitors")) == list(range(1, 31))  # each once
    # One more for each of the two years in which there is none.
    assert len([call for call in account.calls if call["object"] == "visitor"]) == 4
    account.clear_calls()
    again = tap.run(config, catalog=select("visitors"), state=run.state)
    assert again.exit_code == 0
    assert [call for call in account.calls if call["object"] == "visitor"] == []


@pytest.mark.parametrize("fault", [{"code": 46}, {"code": 198}])
def test_that_the_query_may_not_be_asked_costs_nothing(account, tap, fault):
    anonymous(account, range(1, 20))
    account.fault(object="visitor", op="query", times=None, **fault)
    run = tap.run(
        {**account.config, **QUICK, "start_date": "2024-01-01"}, catalog=select("visitors")
    )
    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("visitors")) == list(range(1, 31))
