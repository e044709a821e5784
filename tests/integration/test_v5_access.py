"""``--test`` under version 5: which version reads a stream, why, and what Pardot refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tap_pardot.streams import STREAMS, V5_STREAMS

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
ONLY_4 = {
    *("custom_fields", "dynamic_contents", "email_clicks", "exports", "external_activities"),
    *("imports", "opportunity_prospects", "prospect_accounts", "prospect_ids", "tag_objects"),
}
"""The streams that version 5 does not have."""
BULK = {"list_memberships", "prospects", "visitor_activities", "visitors"}


@pytest.fixture
def check(emulator, tap):
    """Give a function that runs ``--test`` under version 5 and returns the finished run."""

    def run(**settings):
        emulator.clear_calls()
        run = tap.run({**emulator.config, "api_version": 5, **settings}, "--test")
        assert run.exit_code == 0, run.stderr
        assert run.stdout == ""
        assert [each for each in emulator.calls if each["op"] in {"create", "download"}] == []
        return run

    return run


def found(run, stream):
    """Return what the last line about a stream says of it."""
    lines = [line for line in run.log if line.startswith(f"{stream}: can")]
    assert len(lines) == 1, run.stderr
    return lines[0].removeprefix(f"{stream}: ")


def streams(run):
    return {line.partition(":")[0] for line in run.log if ": can be read" in line}


def test_each_stream_is_read_once_by_the_version_that_would_read_it(emulator, check):
    emulator.add("list", [{"id": number} for number in range(1, 2_001)])

    run = check()

    others = {"account", "list_email_lists", "opportunities"}
    for name in streams(run) - ONLY_4 - BULK - others:
        assert found(run, name) == "can be read by version 5."
    for name in BULK:
        assert found(run, name) == (
            "can be read by version 5, or by exports where they cost fewer calls."
        )
    for name in ONLY_4 - {"prospect_ids"}:
        assert found(run, name) == "can be read by versions 3 and 4, because only they have it."
    assert found(run, "opportunities") == (
        "can be read by versions 3 and 4, because opportunity_prospects needs it from them; "
        "left out: salesforce_id, created_by_id, updated_by_id."
    )
    (account,) = emulator.rows("account")
    assert found(run, "account") == f"can be read by version 5: id {account['id']}."
    assert "API versions 5 and 4, time zone America/New_York" in run.last_line
    assert max(call["rows"] or 0 for call in emulator.calls if call["version"] == 5) == 1
    # One for each stream; one more for the account by version 4, for the fields of prospects and
    # of their accounts, for the count of prospects, for figures that version 5 does not know, and
    # for the calls that are left.
    assert len(emulator.calls) <= len(streams(run)) + 6
    assert streams(run) == {each.name for each in (*STREAMS, *V5_STREAMS)}


def test_a_stream_that_is_off_is_reported_as_off(check):
    run = check()

    assert found(run, "list_email_lists") == (
        "can be read by version 5; off unless include names it."
    )
    assert found(run, "prospect_ids").endswith("; off unless include names it.")
    named = check(include=["prospect_ids", "list_email_lists"])
    assert found(named, "list_email_lists") == "can be read by version 5."
    assert "off" not in found(named, "prospect_ids")


def test_the_column_that_forces_versions_3_and_4_is_named(emulator, check):
    emulator.add(
        "customField",
        [{"id": 1, "name": "Hobbies", "field_id": "hobbies", "type": "Multi-Select"}],
    )

    run = check(include=["lists.is_crm_visible", "opportunities.prospects"])

    assert found(run, "lists") == (
        "can be read by versions 3 and 4, because only they have is_crm_visible; left out: "
        "folder_id, campaign_id, is_deleted, created_by_id, updated_by_id."
    )
    assert "because only they have prospects; left out: " in found(run, "opportunities")
    assert found(run, "prospects") == (
        "can be read by versions 3 and 4, because only they have hobbies."
    )


def test_bulk_source_export_is_named_as_the_reason(check):
    run = check(bulk_source="export")

    for name in BULK:
        assert found(run, name) == (
            "can be read by versions 3 and 4, because bulk_source is export."
        )


def test_fields_that_the_account_does_not_have_are_named(emulator, check):
    refused = ["forms.layoutTemplateId", "forms.folderId", "account.adminId"]
    emulator.set(v5_refused_fields=refused)

    run = check()

    assert found(run, "forms") == (
        "can be read by version 5; left out, because Pardot refuses the field: "
        "layout_template_id, folder_id."
    )
    assert found(run, "account").endswith("because Pardot refuses the field: admin_id.")
    assert found(run, "tags") == "can be read by version 5."


@pytest.mark.parametrize("code", [46, 49])
def test_a_stream_that_version_5_refuses_is_tried_by_versions_3_and_4(emulator, check, code):
    emulator.set(forbidden=dict.fromkeys(("v5/lists", "v5/files"), code))

    run = check()

    assert found(run, "lists").startswith(
        "can be read by versions 3 and 4, because version 5 refuses it; left out: folder_id"
    )
    assert any(each.startswith("lists: versions 3 and 4 are used") for each in run.warnings)
    assert found(run, "files").startswith("cannot be read: ")
    assert f"(Pardot code {code})" in found(run, "files")


def test_a_filter_that_no_document_has_is_tried_too(emulator, check):
    emulator.set(v5_undocumented_filters=False)

    run = check()

    assert found(run, "folder_contents") == "can be read by version 5."
    assert any(
        each.startswith("folder_contents: Pardot cannot filter it by updated_at")
        for each in run.warnings
    )


def test_an_account_without_version_5_is_reported_as_one(emulator, check):
    emulator.set(versions_gone=[5])

    run = check()

    assert found(run, "tags") == (
        "can be read by versions 3 and 4, because the account lacks version 5; left out: "
        "object_count, created_by_id, updated_by_id."
    )
    assert found(run, "files").startswith("cannot be read: Only version 5 of the API has it")
    assert "API version 4, time zone" in run.last_line
    assert len([call for call in emulator.calls if call["version"] == 5]) == 3


def test_an_account_with_version_5_only_is_reported_as_one(emulator, check):
    emulator.set(versions_gone=[3, 4])

    run = check()

    assert found(run, "tags") == "can be read by version 5."
    assert found(run, "email_clicks").startswith("cannot be read: Only versions 3 and 4")
    assert "API version 5, time zone" in run.last_line


# --- rows that version 5 hides ---


def prospects(emulator, ages):
    """Add prospects that changed so many hours ago."""
    emulator.set(clock=NOW.isoformat())
    rows = [
        {"id": number, "email": f"{number}@example.com", "updated_at": NOW - timedelta(hours=age)}
        for number, age in enumerate(ages, 1)
    ]
    emulator.add("prospect", [{**row, "updated_at": row["updated_at"].isoformat()} for row in rows])


def test_rows_that_version_5_hides_without_a_warning_show_by_the_counts(emulator, check):
    prospects(emulator, [*range(1, 21), 30, 40])
    emulator.set(v5_hidden={"prospect": [4, 5, 6, 21]}, v5_hidden_warning=False)

    run = check()

    assert found(run, "prospects").startswith("can be read by version 5")
    (warning,) = [each for each in run.warnings if each.startswith("prospects: ")]
    assert warning == (
        "prospects: version 5 gives 17 of the 20 rows that have changed in the last 24 hours, "
        "versions 3 and 4 give all: give the API user's role the ability View prospects not "
        "assigned to self, or set api_version to 4."
    )


def test_rows_that_version_5_hides_with_a_warning_send_the_stream_to_version_4(emulator, check):
    prospects(emulator, [1, 2, 3])
    emulator.set(v5_hidden={"prospect": [1]})

    run = check()

    assert found(run, "prospects") == (
        "can be read by versions 3 and 4, because version 5 refuses it."
    )
    assert any("hides rows" in each for each in run.warnings)


def test_equal_counts_are_reported(emulator, check):
    prospects(emulator, [1, 2, 3, 50])

    run = check()

    assert "prospects: version 5 gives all 3 rows of the last 24 hours." in run.log


@pytest.mark.parametrize("counts", [True, False])
def test_without_rows_or_counts_nothing_can_be_compared(emulator, check, counts):
    prospects(emulator, [50] if counts else [1])
    emulator.set(total_results=counts)

    run = check()

    (line,) = [each for each in run.log if "it is unknown whether version 5 hides some" in each]
    assert line.startswith("prospects: No row" if counts else "prospects: Versions 3 and 4 do not")
    assert run.warnings == []


def test_versions_3_and_4_check_as_before(emulator, tap):
    run = tap.run(emulator.config, "--test")

    assert "lists: can be read." in run.log
    assert "API version 4, time zone" in run.last_line
    assert {call["version"] for call in emulator.calls} == {4}
