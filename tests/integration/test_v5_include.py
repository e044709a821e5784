"""What is off under version 5 stays off, whatever a catalog selects, until ``include`` names it."""

from __future__ import annotations

import json

import pytest

OFF_STREAMS = {"list_email_lists", "prospect_ids"}
OFF_COLUMNS = {
    # Only versions 3 and 4 have them.
    "account": {"vanity_domain", "tracking_code_template"},
    "email_templates": {
        *("from_name", "tracked_html_message", "tracked_text_message", "email_type"),
        *("send_options_reply_to_address", "send_options_send_from_data"),
    },
    "lists": {"is_crm_visible"},
    "opportunities": {"prospects", "opportunity_activities"},
    "users": {"account", "timezone"},
    "visits": {"visitor_page_views"},
    # Bodies, and what costs a call for each row.
    "emails": {"message_html", "message_text", "is_one_to_one", "created_at"},
    "list_emails": {"html_message", "text_message"},
    "landing_pages": {"layout_css", "layout_css_generated", "salesforce_cms_id"},
    "layout_templates": {"layout_content", "form_content", "site_search_content"},
    # Other organizations do not have it.
    "forms": {"salesforce_cms_id"},
    # Only version 5 has them, and they would keep the tap from exporting.
    "list_memberships": {"created_by_id", "updated_by_id"},
    "visitor_activities": {"visit_id", "visitor_page_view_id", "opportunity_id"},
    "visitors": {"prospect_id", "campaign_id", "is_identified", "do_not_sell"},
    "prospects": {
        *("password", "profile_id", "user_id", "assigned_to_id", "lifecycle_stage_id"),
        *("do_not_sell", "recent_interaction", "salesforce_id", "salesforce_campaign_id"),
        *("salesforce_url", "created_by_id", "updated_by_id"),
    },
}
CUSTOM = [
    {"id": 1, "name": "Hobby", "field_id": "hobby", "type": "Text"},
    {"id": 2, "name": "Colors", "field_id": "colors", "type": "Multi-Select"},
]


@pytest.fixture
def account(emulator):
    """Give an account with custom fields and a few rows."""
    emulator.add("customField", CUSTOM)
    emulator.add("list", [{"id": 1, "name": "One"}])
    emulator.add("opportunity", [{"id": 1, "name": "Deal"}])
    emulator.add("prospect", [{"id": 1, "email": "ada@example.com"}])
    return emulator


@pytest.fixture
def discovered(account, tap):
    """Give a function that returns the catalog that version 5 discovers."""

    def discover(**settings):
        run = tap.run({**account.config, "api_version": 5, **settings}, "--discover")
        assert run.exit_code == 0, run.stderr
        return json.loads(run.stdout)

    return discover


def unsupported(catalog):
    """Return the streams and the columns by stream that a catalog calls unsupported."""
    streams, columns = set(), {}
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["metadata"]["inclusion"] != "unsupported":
                continue
            if item["breadcrumb"]:
                columns.setdefault(entry["tap_stream_id"], set()).add(item["breadcrumb"][1])
            else:
                streams.add(entry["tap_stream_id"])
    return streams, columns


def selected(catalog, *streams):
    """Select everything in these streams, unsupported or not, and nothing in others."""
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            item["metadata"]["selected"] = entry["tap_stream_id"] in streams
    return catalog


def columns_of(run, stream):
    """Return the columns that SCHEMA names; empty without SCHEMA."""
    for message in run.messages:
        if message["type"] == "SCHEMA" and message["stream"] == stream:
            return {*message["schema"]["properties"]}
    return set()


def test_discovery_marks_what_the_specification_names_and_nothing_else(discovered):
    assert unsupported(discovered()) == (OFF_STREAMS, OFF_COLUMNS)


def test_discovery_offers_what_include_names(discovered):
    names = [
        *OFF_STREAMS,
        *(f"{stream}.{column}" for stream, columns in OFF_COLUMNS.items() for column in columns),
    ]

    assert unsupported(discovered(include=names)) == (set(), {})


def test_a_stream_in_include_does_not_include_its_columns(discovered):
    _, columns = unsupported(discovered(include=["lists", "list_email_lists.role"]))

    assert columns == OFF_COLUMNS


def test_a_column_in_include_includes_its_stream(discovered):
    streams, _ = unsupported(discovered(include=["list_email_lists.role"]))

    assert streams == {"prospect_ids"}


def test_a_catalog_that_selects_what_is_off_does_not_select_it(account, tap, discovered):
    catalog = selected(discovered(), "lists", "opportunities", "prospect_ids")
    config = {**account.config, "api_version": 5}

    run = tap.run(config, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == run.ids("opportunities") == [1]
    assert run.records["prospect_ids"] == []
    assert not columns_of(run, "lists") & OFF_COLUMNS["lists"]
    assert not columns_of(run, "opportunities") & OFF_COLUMNS["opportunities"]
    assert "folder_id" in columns_of(run, "lists")


def test_the_same_catalog_selects_it_once_include_names_it(account, tap, discovered):
    catalog = selected(discovered(), "lists", "opportunities", "prospect_ids")
    include = ["lists.is_crm_visible", "prospect_ids"]
    config = {**account.config, "api_version": 5, "include": include}

    run = tap.run(config, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    assert run.ids("prospect_ids") == [1]
    assert "is_crm_visible" in columns_of(run, "lists")
    assert not columns_of(run, "opportunities") & OFF_COLUMNS["opportunities"]


def test_without_a_catalog_include_selects(account, tap):
    config = {**account.config, "api_version": 5, "bulk_source": "query"}
    plain = tap.run(config)
    included = tap.run({**config, "include": ["prospect_ids", "users.timezone"]})

    assert plain.exit_code == included.exit_code == 0, plain.stderr + included.stderr
    assert columns_of(plain, "prospect_ids") == set()
    assert columns_of(included, "prospect_ids") == {"id", "listed_at"}
    assert "timezone" not in columns_of(plain, "users")
    assert "timezone" in columns_of(included, "users")
    assert {"hobby", "colors"} <= columns_of(plain, "prospects")


@pytest.mark.parametrize(
    "text", ['["lists.is_crm_visible", "prospect_ids"]', " lists.is_crm_visible , prospect_ids,"]
)
def test_the_environment_gives_a_list_as_json_or_with_commas(account, tap, text):
    config = {**account.config, "api_version": 5}

    run = tap.run(config, "--config", "ENV", "--discover", env={"TAP_PARDOT_INCLUDE": text})

    assert run.exit_code == 0, run.stderr
    streams, columns = unsupported(json.loads(run.stdout))
    assert streams == {"list_email_lists"}
    assert "lists" not in columns


def test_unknown_names_get_one_warning_with_the_nearest_known_name(account, tap, discovered):
    catalog = selected(discovered(), "lists", "prospects")
    include = ["emails.mesage_html", "prospect_id", "prospects.hobby", "qqq", "lists.name"]

    run = tap.run({**account.config, "api_version": 5, "include": include}, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    (warning,) = [each for each in run.warnings if each.startswith("include ")]
    assert warning == (
        "include names streams or columns that do not exist: emails.mesage_html (did you mean "
        "emails.message_html?), prospect_id (did you mean prospect_ids?), qqq."
    )


def test_a_custom_field_in_include_is_no_unknown_name_where_prospects_are_not_read(
    account, tap, discovered
):
    catalog = selected(discovered(), "lists")
    config = {**account.config, "api_version": 5, "include": ["prospects.hobby"]}

    run = tap.run(config, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    assert run.warnings == []


@pytest.mark.parametrize("value", [5, {"a": 1}, [1], "[broken"])
def test_include_is_a_list_of_names(account, tap, value):
    run = tap.run({**account.config, "api_version": 5, "include": value}, "--discover")

    assert run.exit_code == 1
    assert "include must be a list of names" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_run_of_all_that_is_on_warns_of_nothing(account, tap):
    run = tap.run({**account.config, "api_version": 5, "export_poll_interval": 1})

    assert run.exit_code == 0, run.stderr
    assert run.warnings == []
    reason = "versions 3 and 4 have to read it, because opportunity_prospects needs it from them."
    assert f"opportunities: {reason}" in run.log
    assert (
        "opportunities: left out, because only version 5 has them: salesforce_id, created_by_id, "
        "updated_by_id." in run.log
    )
    assert "lists: read by version 5 of the API." in run.log
    assert "email_clicks: read by versions 3 and 4 of the API." in run.log


def test_columns_that_the_users_own_selection_leaves_out_are_warned_of(account, tap):
    config = {**account.config, "api_version": 5, "export_poll_interval": 1}
    run = tap.run({**config, "include": ["lists.is_crm_visible"]})

    (warning,) = run.warnings
    assert warning == (
        "lists: left out, because only version 5 has them: folder_id, campaign_id, is_deleted, "
        "created_by_id, updated_by_id."
    )


def test_a_run_by_version_4_does_not_name_the_version_of_each_stream(account, tap):
    run = tap.run({**account.config, "export_poll_interval": 1})

    assert run.exit_code == 0, run.stderr
    assert not [line for line in run.log if ": read by version" in line]
