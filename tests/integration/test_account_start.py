"""Without ``start_date``, exports begin where the account began, unless older rows exist."""

from __future__ import annotations

import pytest

from tests.helpers.catalog import select
from tests.helpers.exports import QUICK, jobs_of, row

NOW = "2024-06-01T12:00:00+00:00"
CREATED = "2023-03-05T10:00:00+00:00"
EARLIER = "2019-01-01T00:00:00+00:00"
STREAMS = ("visitor_activities", "prospect_accounts", "visitors", "external_activities")


@pytest.fixture
def account(emulator):
    """An account of fifteen months, with rows since its first day."""
    emulator.set(clock=NOW, export_seconds=0.01)
    emulator.update("account", [row["id"] for row in emulator.rows("account")], created_at=CREATED)
    for stream, name in OBJECTS.items():
        emulator.add(name, [row(stream, n, CREATED) for n in range(1, 4)])
    return emulator


OBJECTS = {
    "visitor_activities": "visitorActivity",
    "prospects": "prospect",
    "prospect_accounts": "prospectAccount",
    "visitors": "visitor",
    "external_activities": "externalActivity",
}


def config(account, **settings):
    return {**account.config, **QUICK, "bulk_source": "export", **settings}


def windows_of(account, stream):
    """The lower bounds of a stream's jobs, by year."""
    times = [
        {key: value for key, value in job["arguments"].items() if key.endswith("after")}
        for job in jobs_of(account, stream)
    ]
    return sorted(next(iter(each.values()))[:4] for each in times)


def test_no_job_is_created_for_the_years_before_the_account(account, tap):
    run = tap.run(config(account), catalog=select(*STREAMS))

    assert run.exit_code == 0, run.stderr
    for stream in STREAMS:
        assert sorted(run.ids(stream)) == [1, 2, 3]
        assert set(windows_of(account, stream)) == {"2023", "2024"}
        assert run.state["bookmarks"][stream]["begin"] == "2023-03-04T10:00:00+00:00"
    # Neither the STATE's start_date nor a bookmark depends on it.
    assert run.state["settings"]["start_date"].startswith("2007")


@pytest.mark.parametrize("deleted", [False, True])
def test_rows_that_are_older_than_the_account_are_read(account, tap, deleted):
    account.add("prospect", [row("prospects", 9, EARLIER, deleted=deleted)])

    run = tap.run(config(account), catalog=select("prospects", "visitors"))

    assert sorted(run.ids("prospects")) == [1, 2, 3, 9]
    assert windows_of(account, "prospects")[0] in {"2006", "2007"}
    assert set(windows_of(account, "visitors")) == {"2023", "2024"}


def test_a_stream_without_a_query_goes_by_the_prospects(account, tap):
    account.add("prospect", [row("prospects", 9, EARLIER)])
    account.add("externalActivity", [row("external_activities", 9, EARLIER)])

    run = tap.run(config(account), catalog=select("external_activities"))

    assert sorted(run.ids("external_activities")) == [1, 2, 3, 9]


@pytest.mark.parametrize("code", [49, 45, 87])
def test_a_query_that_is_refused_leaves_the_windows_as_they_are(account, tap, code):
    account.fault(object="visitor", op="query", code=code)

    run = tap.run(config(account), catalog=select("visitors"))

    assert sorted(run.ids("visitors")) == [1, 2, 3]
    assert windows_of(account, "visitors")[0] in {"2006", "2007"}


def test_the_question_is_asked_once(account, tap):
    """``prospect_ids`` creates jobs of all years in each run."""
    first = tap.run(config(account), catalog=select("prospect_ids"))
    account.clear_calls()
    second = tap.run(config(account), catalog=select("prospect_ids"), state=first.state)

    assert sorted(second.ids("prospect_ids")) == [1, 2, 3]
    assert [call for call in account.calls if call["object"] == "prospect"] == []


def test_an_account_without_a_time_of_creation_is_read_from_2007(account, tap):
    account.update("account", [each["id"] for each in account.rows("account")], created_at=None)

    run = tap.run(config(account), catalog=select("visitors"))

    assert sorted(run.ids("visitors")) == [1, 2, 3]
    assert windows_of(account, "visitors")[0] in {"2006", "2007"}
    assert "begin" not in run.state["bookmarks"]["visitors"]


def test_a_killed_first_run_is_resumed_with_its_jobs(account, tap):
    cut = tap.run(config(account, daily_call_limit=8), catalog=select("prospects"))
    before = len(account.exports)
    run = tap.run(config(account), catalog=select("prospects"), state=cut.state)

    assert before > 0
    assert sorted({*cut.ids("prospects"), *run.ids("prospects")}) == [1, 2, 3]
    assert len(account.exports) == 4  # two years, active and deleted rows
