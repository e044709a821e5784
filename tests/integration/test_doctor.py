"""``--test`` ends with a list of what works, what a check cannot see, and what to fix."""

from __future__ import annotations

import pytest


@pytest.fixture
def doctor(emulator, tap):
    """Give a function that runs ``--test`` and returns its list."""

    def run(version=4, **settings):
        run = tap.run({**emulator.config, "api_version": version, **settings}, "--test")
        assert run.exit_code == 0, run.stderr
        assert run.stdout == ""
        assert [each for each in emulator.calls if each["op"] == "create"] == []
        kinds = ("Works: ", "Not checked: ", "To fix: ", "prospects: version 5 gives ")
        return [line for line in run.log if line.startswith(kinds)]

    return run


def about(lines, words):
    """Return the line of the list that has some words."""
    (line,) = [line for line in lines if words in line]
    return line


def test_what_works_is_listed(emulator, doctor):
    lines = doctor()

    unit = emulator.config["pardot_business_unit_id"]
    assert lines[0] == f"Works: the login, for the business unit {unit}, by API version 4."
    assert about(lines, "can be read") == "Works: 28 of 28 streams can be read."
    assert "America/New_York (the setting timezone)" in about(lines, "time zone")
    assert not [line for line in lines if line.startswith("To fix")]


def test_an_ability_that_is_missing_is_named_once_for_all_streams_that_need_it(emulator, doctor):
    emulator.fault(object="visit", code=46, times=None)
    emulator.fault(object="form", code=49, times=None)

    lines = doctor()

    forms, visits = (line for line in lines if line.startswith("To fix"))
    assert forms == (
        "To fix: forms: the API user may not read it. The ability that the user's role needs: "
        "Marketing > Forms > Forms > View."
    )
    assert visits == (
        "To fix: visitor_page_views, visits: the API user may not read them. The ability that the "
        "user's role needs: Prospects > Visitors > View."
    )
    assert about(lines, "can be read") == "Works: 25 of 28 streams can be read."


def test_what_is_no_missing_right_is_listed_with_what_to_do(emulator, doctor):
    emulator.fault(object="dynamicContent", code=22, times=None)

    assert about(doctor(), "To fix").startswith("To fix: dynamic_contents: This account's edition")


def test_a_stream_whose_custom_fields_cannot_be_learned_is_not_said_to_be_readable(
    emulator, doctor
):
    emulator.fault(object="customField", code=10000, times=None)

    lines = doctor()

    assert about(lines, "can be read") == "Works: 26 of 28 streams can be read."
    assert about(lines, "To fix: custom_fields, prospects: ")


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize(("code", "exit_code"), [(122, 2), (131, 1)])
def test_what_would_end_a_run_ends_the_check_with_the_same_exit_code(
    emulator, tap, version, code, exit_code
):
    emulator.fault(object="form", code=code, times=None)

    run = tap.run({**emulator.config, "api_version": version}, "--test")

    assert run.exit_code == exit_code
    assert f"(Pardot code {code})" in run.last_line
    assert [line for line in run.log if line.startswith("To fix")] == []


def test_streams_with_the_same_reason_share_a_line(emulator, doctor):
    emulator.set(versions_gone=[3, 4])

    lines = doctor(5)

    (line,) = [line for line in lines if line.startswith("To fix")]
    assert line.startswith("To fix: custom_fields, dynamic_contents, email_clicks, ")
    assert line.endswith(": Only versions 3 and 4 of the API have it, which the account lacks.")
    assert [line for line in lines if "time zone" in line] == []
    assert about(lines, "View prospects not assigned to self").startswith("Not checked")


def test_an_unknown_time_zone_is_one_line_and_not_called_utc(emulator, tap):
    config = {**emulator.config, "api_version": 5}
    del config["timezone"]

    run = tap.run(config, "--test")

    assert run.exit_code == 0
    (line,) = [line for line in run.log if line.startswith("To fix")]
    assert "set timezone to the zone" in line
    assert "time zone unknown" in run.last_line


def test_the_calls_that_are_left_are_those_that_the_account_counts(emulator, doctor):
    emulator.set(daily_limit=5_000)

    left = about(doctor(5), "API calls are left")
    used = emulator.calls_today

    assert left.endswith("of the day's 5,000 API calls are left.")
    number = int(left.split()[1].replace(",", ""))
    assert 5_000 - used <= number < 5_000


def test_versions_3_and_4_report_no_calls_that_are_left(doctor):
    assert about(doctor(), "are left").startswith("Not checked: how many of the edition's 100,000")


def test_the_recycle_bin_is_listed_by_version_5_and_left_to_the_run_by_others(doctor):
    by_v5 = about(doctor(5), "recycle bin of campaigns")
    assert by_v5.startswith("Works: the recycle bin of campaigns, ")
    assert "prospect_accounts" not in by_v5

    by_v4 = about(doctor(), "recycle bin")
    assert by_v4.startswith("Not checked: the recycle bin of list_memberships, prospect_accounts")


def test_a_recycle_bin_that_cannot_be_listed_is_not_said_to_work(emulator, doctor):
    emulator.fault(object="tag", version=5, code=51, times=None)
    emulator.fault(object="form", version=5, code=46, times=None)

    assert " forms," not in about(doctor(5), "recycle bin of campaigns")


def test_prospects_that_are_hidden_from_the_user_are_counted(emulator, doctor):
    emulator.set(clock="2024-06-01T12:00:00Z")
    lately = "2024-06-01T10:00:00Z"
    rows = [{"id": number, "updated_at": lately} for number in range(1, 11)]
    emulator.add("prospect", rows)
    emulator.set(v5_hidden={"prospect": [4, 5]}, v5_hidden_warning=False)

    line = about(doctor(5), "prospects: version 5")

    assert "gives 8 of the 10 rows" in line
    assert "View prospects not assigned to self" in line
    assert "Set api_version to 5" in about(doctor(4), "View prospects not assigned to self")


def test_prospects_that_version_5_does_not_read_are_not_compared_and_that_is_said(doctor):
    line = about(doctor(5, bulk_source="export"), "View prospects not assigned to self")

    assert line.startswith("Not checked: ")
    assert "api_version" not in line


@pytest.mark.parametrize("version", [4, 5])
def test_a_limit_of_calls_ends_a_check_with_exit_code_2_because_it_is_not_complete(
    emulator, tap, version
):
    settings = {**emulator.config, "api_version": version, "daily_call_limit": 12}

    run = tap.run(settings, "--test")

    assert run.exit_code == 2
    assert run.last_line.startswith("daily_call_limit (12) is reached")
