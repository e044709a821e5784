"""``api_usage_limit``: a share of the account's daily calls stays for the other tools."""

from __future__ import annotations

import pytest
import requests

from tests.helpers.catalog import select

DAILY = 1_000
ROWS = range(1, 30_001)
"""Thirty pages of version 5."""


@pytest.fixture
def account(emulator):
    """Give an account with 1,000 calls a day, and more pages of e-mail clicks than any limit."""
    emulator.set(daily_limit=DAILY)
    emulator.add("emailClick", [{"id": number} for number in range(1, 20_001)])
    emulator.add("lifecycleHistory", [{"id": number} for number in ROWS])
    emulator.clear_calls()
    return emulator


def settings(emulator, **changes):
    return {**emulator.config, "api_version": 5, "max_concurrent_requests": 1, **changes}


def use_up(emulator, number):
    """Make calls as another tool does."""
    token = requests.post(
        f"{emulator.url}/services/oauth2/token",
        data={
            "grant_type": "refresh_token",
            **{name: emulator.config[name] for name in ("client_id", "client_secret")},
            "refresh_token": emulator.config["refresh_token"],
        },
        timeout=10,
    ).json()["access_token"]
    headers = {
        "Authorization": f"Bearer {token}",
        "Pardot-Business-Unit-Id": emulator.config["pardot_business_unit_id"],
    }
    with requests.Session() as session:
        for _ in range(number):
            url = f"{emulator.url}/api/v5/objects/tags?fields=id&limit=1"
            assert session.get(url, headers=headers, timeout=10).status_code == 200
    emulator.clear_calls()


def reads_of_usage(emulator):
    return [
        call
        for call in emulator.calls
        if call["object"] == "account" and "apiCallsUsed" in str(call["params"])
    ]


@pytest.mark.parametrize("header", ["used/maximum", "used", "words"])
def test_calls_of_both_dialects_stop_the_run_at_the_share(account, tap, header):
    account.set(v5_usage=header)
    use_up(account, 40)

    run = tap.run(
        settings(account, api_usage_limit=6),
        catalog=select("email_clicks", "lifecycle_histories"),
    )

    assert account.calls_today == 60
    assert {call["version"] for call in account.calls} == {4, 5}
    assert len(reads_of_usage(account)) == 1
    assert run.exit_code == 0, run.stderr
    assert "api_usage_limit (6 percent)" in run.last_line
    assert "60 of its 1,000" in run.last_line
    assert "The new day begins at" in run.last_line
    assert any(run.last_line == each for each in run.warnings)


def test_a_run_that_was_stopped_goes_on_the_next_day(account, tap):
    catalog = select("lifecycle_histories")
    account.set(clock="2024-06-01T12:00:00Z")
    first = tap.run(settings(account, api_usage_limit=1), catalog=catalog)
    account.set(clock="2024-06-02T12:00:00Z", daily_limit=None)

    second = tap.run(settings(account, api_usage_limit=1), catalog=catalog, state=first.state)

    read = first.ids("lifecycle_histories")
    assert 0 < len(read) < len(ROWS)
    assert second.exit_code == 0, second.stderr
    assert {*read, *second.ids("lifecycle_histories")} == {*ROWS}


def test_a_limit_that_stops_the_run_before_all_streams_is_a_warning_as_the_run_ends_well(
    account, tap
):
    use_up(account, 20)
    catalog = select("lifecycle_histories", "email_clicks")

    run = tap.run(settings(account, api_usage_limit=2), catalog=catalog)

    assert run.exit_code == 0, run.stderr
    assert "None of the 2 streams was read." in run.warnings
    assert "ERROR" not in run.stderr


def test_a_share_that_others_have_used_up_stops_before_any_row(account, tap):
    use_up(account, 20)

    run = tap.run(settings(account, api_usage_limit=2), catalog=select("lifecycle_histories"))

    assert run.exit_code == 0, run.stderr
    assert run.records == {}
    assert (
        "The account's tools have made 22 of 1,000 API calls of the day; this run stops at 20, as "
        "api_usage_limit is 2 percent." in run.log
    )
    assert len(account.calls) == 2  # both read the account, before the share is known


@pytest.mark.parametrize(
    ("header", "share_of_ours"), [("used/maximum", 0.5), ("words", 0.5), ("used", 1)]
)
def test_calls_of_others_during_the_run_count_where_answers_tell_them(
    account, tap, monkeypatch, header, share_of_ours
):
    account.set(v5_usage=header)
    count = account.over_daily_limit
    # For each call of the run, another tool makes one.
    monkeypatch.setattr(account, "over_daily_limit", lambda: count() or count())

    run = tap.run(
        settings(account, api_usage_limit=2, daily_call_limit=500),
        catalog=select("lifecycle_histories"),
    )

    assert run.exit_code == 0, run.stderr
    assert "api_usage_limit" in run.last_line
    # Without the header, only the first calls of the other tool are known: those until the
    # account was read.
    assert len(account.calls) == pytest.approx(20 * share_of_ours, abs=2)


def test_without_the_limit_neither_the_count_nor_the_header_is_asked_for(account, tap):
    run = tap.run(settings(account), catalog=select("lifecycle_histories"))

    assert run.exit_code == 0, run.stderr
    assert run.ids("lifecycle_histories") == [*ROWS]
    assert reads_of_usage(account) == []


@pytest.mark.parametrize(
    "refusal",
    [{"forbidden": {"v5/account": 49}}, {"v5_refused_fields": ["account.apiCallsUsed"]}],
)
def test_an_account_that_may_not_be_read_costs_one_warning_and_sets_no_limit(account, tap, refusal):
    account.set(**refusal)

    run = tap.run(settings(account, api_usage_limit=1), catalog=select("lifecycle_histories"))

    assert run.exit_code == 0, run.stderr
    assert run.ids("lifecycle_histories") == [*ROWS]
    (warning,) = [each for each in run.warnings if "api_usage_limit" in each]
    assert warning.startswith("api_usage_limit has no effect: ")
    assert "Admin > Account > Edit Settings" in warning


@pytest.mark.parametrize("version", [3, 4])
def test_versions_3_and_4_ignore_the_limit_and_log_that_once(account, tap, version):
    account.set(versions_gone=[5], api_version=version)
    account.delete("emailClick", range(201, 20_001))

    run = tap.run(
        {**account.config, "api_version": version, "api_usage_limit": 1},
        catalog=select("email_clicks"),
    )

    assert run.exit_code == 0, run.stderr
    assert run.ids("email_clicks") == [*range(1, 201)]
    assert [each for each in run.warnings if "api_usage_limit" in each] == [
        "api_usage_limit is ignored: it needs api_version 5."
    ]
    assert {call["version"] for call in account.calls} == {version}


@pytest.mark.parametrize("value", [0, 101, "half", 1.5])
def test_a_limit_is_a_whole_percentage(account, tap, value):
    run = tap.run(settings(account, api_usage_limit=value), catalog=select("tags"))

    assert run.exit_code == 1
    assert "api_usage_limit must be a whole number from 1 to 100." in run.stderr
    assert account.calls == []
