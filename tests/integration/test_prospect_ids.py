"""``prospect_ids`` shows what is gone: it must list every id there is, and never less."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.helpers.catalog import select

PAGE = Path(__file__).resolve().parents[2] / "docs" / "concepts" / "deleted.md"
NOW = "2024-06-01T12:00:00+00:00"
# On window edges and far apart: an account of many years.
MOMENTS = [
    "2007-01-01T00:00:00Z",
    "2015-07-01T12:00:00Z",
    "2023-11-05T05:30:00Z",
    "2024-05-31T23:59:59Z",
]


@pytest.fixture
def account(emulator):
    """Twelve prospects of many years, two in the recycle bin."""
    emulator.set(clock=NOW, export_seconds=0.0)
    emulator.add(
        "prospect",
        [
            {
                "id": n,
                "created_at": MOMENTS[n % 4],
                "updated_at": "2024-05-31T00:00:00Z",
                "deleted": n > 10,
            }
            for n in range(1, 13)
        ],
    )
    return emulator


def settings(emulator, source="export"):
    return {
        **emulator.config,
        "start_date": "2024-05-01",
        "bulk_source": source,
        "export_poll_interval": 1,
    }


def test_it_is_off_unless_selected(account, tap):
    run = tap.run(settings(account, "query"))

    assert run.exit_code == 0, run.stderr
    assert "prospects" in run.records
    assert "prospect_ids" not in run.stderr


@pytest.mark.parametrize("source", ["export", "query"])
def test_every_id_is_listed_in_every_run_whatever_start_date_is(account, tap, source):
    catalog = select("prospect_ids")
    config = settings(account, source)

    first = tap.run(config, catalog=catalog)
    account.delete("prospect", 3)  # merged into another one
    account.set(clock="2024-06-01T13:00:00+00:00")
    second = tap.run(config, catalog=catalog, state=first.state)

    assert first.exit_code == second.exit_code == 0, second.stderr
    assert set(first.ids("prospect_ids")) == set(range(1, 13))
    assert set(second.ids("prospect_ids")) == set(range(1, 13)) - {3}
    times = [{row["listed_at"] for row in run.records["prospect_ids"]} for run in (first, second)]
    assert times == [{"2024-06-01T11:59:00+00:00"}, {"2024-06-01T12:59:00+00:00"}]
    assert set(first.records["prospect_ids"][0]) == {"id", "listed_at"}
    bookmark = second.state["bookmarks"]["prospect_ids"]
    assert bookmark.get("replication_key_value") is None
    assert (bookmark["window"], bookmark.get("jobs")) == (None, None)
    if source == "export":
        assert {tuple(job["fields"]) for job in account.exports} == {("id",)}
        assert {job["arguments"]["deleted"] for job in account.exports} == {"all"}


def test_the_statement_of_the_docs_finds_what_is_gone(account, tap):
    statement, _ = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    catalog = select("prospects", "prospect_ids")
    warehouse = sqlite3.connect(":memory:")
    warehouse.execute("CREATE TABLE prospects (id PRIMARY KEY, created_at)")
    warehouse.execute("CREATE TABLE prospect_ids (id PRIMARY KEY, listed_at)")
    state = None
    for clock, gone in ((NOW, []), ("2024-06-01T13:00:00+00:00", [3, 7])):
        account.set(clock=clock)
        account.delete("prospect", gone)  # merged into others
        # One that was made while the run went on is in no listing yet.
        account.add("prospect", [{"id": 90, "created_at": clock, "updated_at": clock}])

        run = tap.run(settings(account, "query"), catalog=catalog, state=state)
        state = run.state
        for table, column in (("prospects", "created_at"), ("prospect_ids", "listed_at")):
            for row in run.records[table]:
                upsert = f"INSERT OR REPLACE INTO {table} VALUES (?, ?)"
                warehouse.execute(upsert, (row["id"], row[column]))
        warehouse.execute(
            "INSERT OR REPLACE INTO prospects VALUES (90, ?)", (clock.replace(" ", "T"),)
        )

        assert sorted(number for (number,) in warehouse.execute(statement)) == gone
    warehouse.close()


def test_an_interrupted_listing_goes_on_as_the_same_listing(account, tap):
    catalog = select("prospect_ids")
    config = settings(account)
    # The newest window's file cannot be had: all others are out by then.
    account.fault(op="download", code=46, nth=3, times=None)
    cut = tap.run(config, catalog=catalog)
    account.clear_faults()
    account.clear_calls()
    account.set(clock="2024-06-01T13:00:00+00:00")

    rest = tap.run(config, catalog=catalog, state=cut.state)

    assert 0 < len(cut.ids("prospect_ids")) < 12
    assert rest.exit_code == 0, rest.stderr
    assert set(cut.ids("prospect_ids") + rest.ids("prospect_ids")) == set(range(1, 13))
    listings = {row["listed_at"] for run in (cut, rest) for row in run.records["prospect_ids"]}
    assert listings == {"2024-06-01T11:59:00+00:00"}
    # The jobs that the first run created are collected, none is created again.
    assert "create" not in {call["op"] for call in account.calls}
