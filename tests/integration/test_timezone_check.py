"""A wrong ``timezone`` is refused before any row, also by a run that exports nothing."""

from __future__ import annotations

import pytest

from tests.helpers.catalog import select
from tests.helpers.exports import ops, row

NOW = "2024-06-01T12:00:00+00:00"


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW)
    emulator.add("list", [row("lists", 1, "2024-05-20T10:00:00Z")])
    return emulator


def test_a_wrong_zone_is_refused_before_any_row(account, tap):
    run = tap.run({**account.config, "timezone": "Asia/Tokyo"}, catalog=select("lists"))

    assert run.exit_code == 1
    assert [each["type"] for each in run.messages] == ["STATE"]
    assert "hours away from the setting timezone (Asia/Tokyo)" in run.last_line
    assert [call["op"] for call in ops(account, "create", "cancel")] == ["create", "cancel"]


def test_the_zone_is_checked_once(account, tap):
    first = tap.run(account.config, catalog=select("lists"))
    account.clear_calls()
    second = tap.run(account.config, catalog=select("lists"), state=first.state)

    assert first.exit_code == second.exit_code == 0
    assert first.state["timezone_check"] == {"zone": "America/New_York", "confirmed": True}
    assert second.state["timezone_check"] == first.state["timezone_check"]
    assert [call for call in account.calls if call["object"] == "export"] == []


def test_another_zone_is_checked_again(account, tap):
    first = tap.run(account.config, catalog=select("lists"))
    other = {**account.config, "timezone": "Asia/Tokyo"}

    second = tap.run(other, catalog=select("lists"), state=first.state)

    assert second.exit_code == 1
    assert second.ids("lists") == []


def test_an_answer_without_a_time_is_followed_by_a_look_at_the_job(account, tap):
    account.set(export_answers="flat_create")

    run = tap.run({**account.config, "timezone": "Asia/Tokyo"}, catalog=select("lists"))

    assert run.exit_code == 1
    assert run.ids("lists") == []


@pytest.mark.parametrize("code", [49, 46])
def test_without_the_right_to_export_there_is_one_warning(account, tap, code):
    account.fault(object="export", op="create", code=code, times=None)

    first = tap.run(account.config, catalog=select("lists"))
    account.clear_calls()
    second = tap.run(account.config, catalog=select("lists"), state=first.state)

    assert first.exit_code == second.exit_code == 0
    assert first.ids("lists") == [1]
    warning = "The setting timezone (America/New_York) could not be compared"
    assert first.stderr.count(warning) == 1
    assert warning not in second.stderr
    assert [call for call in account.calls if call["object"] == "export"] == []


@pytest.mark.usefixtures("no_patience")
def test_an_outage_during_the_check_ends_the_run_as_any_other(account, tap):
    account.fault(nth=2, times=None, status=503, html=True)  # after the account

    run = tap.run(account.config, catalog=select("lists"))

    assert run.exit_code == 2
    assert "could not be reached" in run.last_line


@pytest.mark.usefixtures("no_patience")
def test_exports_that_fail_alone_leave_a_warning(account, tap):
    account.fault(object="export", op="create", times=None, status=503, html=True)

    run = tap.run(account.config, catalog=select("lists"))

    assert run.exit_code == 0
    assert run.ids("lists") == [1]
    assert "could not be compared with Pardot's own times" in run.stderr
