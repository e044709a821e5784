"""An account takes version 3 or 4 of the API only; the tap finds out by itself (reference A.3)."""

from __future__ import annotations

import pytest

from tests.helpers.zone import CHECKED

pytestmark = pytest.mark.usefixtures("queries_only")


@pytest.mark.parametrize(("account", "configured", "code"), [(3, 4, 89), (4, 3, 88)])
def test_a_wrong_api_version_costs_one_call_and_is_logged(emulator, tap, account, configured, code):
    emulator.set(api_version=account)
    emulator.add("list", [{"id": number} for number in range(1, 202)])
    emulator.add("user", [{"id": 7}])

    run = tap.run(emulator.config | {"api_version": configured}, state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == list(range(1, 202))
    assert run.ids("users") == [7]
    refused, *others = emulator.calls
    assert (refused["code"], refused["path"].split("/")[4]) == (code, str(configured))
    assert {call["path"].split("/")[4] for call in others} == {str(account)}
    assert len(others) == 17
    assert len(emulator.logins) == 1
    logged = [line for line in run.stderr.splitlines() if f"Pardot code {code}" in line]
    assert len(logged) == 1
    assert f"set api_version to {account}" in logged[0]


def test_the_wrong_version_under_http_200_is_seen_too(emulator, tap):
    emulator.set(api_version=3, legacy_status=True)
    emulator.add("list", [{"id": 1}])

    run = tap.run(emulator.config, state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1]
    assert [call["code"] for call in emulator.calls] == [89] + 16 * [None]


def test_an_account_that_changes_version_between_two_pages_is_read_to_the_end(emulator, tap):
    emulator.add("list", [{"id": number} for number in range(1, 451)])
    emulator.fault(object="list", nth=2, change={"settings": {"api_version": 3}})

    run = tap.run(emulator.config)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == list(range(1, 451))
    assert [call["code"] for call in emulator.calls if call["code"]] == [89]


def test_an_account_that_refuses_both_versions_ends_the_run_before_any_data(emulator, tap):
    emulator.fault(path="/version/3/", code=88, times=None)
    emulator.fault(path="/version/4/", code=89, times=None)

    run = tap.run(emulator.config)

    assert run.exit_code == 1
    assert "both versions" in run.last_line
    assert "Traceback" not in run.stderr
    assert not {"SCHEMA", "RECORD"} & {message["type"] for message in run.messages}
    assert [call["code"] for call in emulator.calls] == [89, 88]
