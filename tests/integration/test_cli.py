"""What the command line prints without reading a row: --discover, --about, --version, --test."""

from __future__ import annotations

import json

import pytest

from tests.helpers.runner import invoke

pytestmark = pytest.mark.usefixtures("queries_only")

INCREMENTAL = {
    "custom_redirects": "updated_at",
    "dynamic_contents": "updated_at",
    "email_clicks": "id",
    "exports": "updated_at",
    "forms": "updated_at",
    "imports": "updated_at",
    "lifecycle_histories": "id",
    "lists": "updated_at",
    "tag_objects": "id",
    "tags": "updated_at",
    "external_activities": "created_at",
    "list_memberships": "updated_at",
    "prospect_accounts": "updated_at",
    "prospects": "updated_at",
    "visitor_activities": "updated_at",
    "visitors": "updated_at",
}
FULL_TABLE = [
    "account",
    "campaigns",
    "custom_fields",
    "email_stats",
    "email_templates",
    "emails",
    "lifecycle_stages",
    "opportunities",
    "opportunity_prospects",
    "prospect_ids",
    "users",
    "visitor_page_views",
    "visits",
]
KEYS = {
    "email_stats": ["list_email_id"],
    "opportunity_prospects": ["opportunity_id", "prospect_id"],
}
BY_EXPORT = {
    "external_activities",
    "list_memberships",
    "prospect_accounts",
    "prospect_ids",
    "prospects",
    "visitor_activities",
    "visitors",
}
SECRETS = {"client_secret", "refresh_token", "password", "private_key"}


def output(*arguments: str) -> str:
    """Return what the command prints without any setting."""
    run = invoke(*arguments)
    assert run.exit_code == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def catalog() -> dict[str, dict]:
    """Give the entries of the catalog by stream."""
    return {each["tap_stream_id"]: each for each in json.loads(output("--discover"))["streams"]}


@pytest.fixture(scope="module")
def about() -> dict:
    """Give the output of --about."""
    return json.loads(output("--about", "--format=json"))


def test_discover_lists_all_streams_with_key_and_replication(catalog):
    assert sorted(catalog) == sorted([*INCREMENTAL, *FULL_TABLE])
    for name, entry in catalog.items():
        keys = KEYS.get(name, ["id"])
        assert entry["key_properties"] == keys, name
        assert entry.get("replication_key") == INCREMENTAL.get(name), name
        root = next(each for each in entry["metadata"] if not each["breadcrumb"])["metadata"]
        assert root["table-key-properties"] == keys, name
        expected = "INCREMENTAL" if name in INCREMENTAL else "FULL_TABLE"
        method = entry.get("replication_method") or root["forced-replication-method"]
        assert method == expected, name


def test_every_column_is_described_also_inside_arrays_and_objects(catalog):
    def columns(schema, path):
        for name, column in schema.get("properties", {}).items():
            yield (*path, name), column
            yield from columns(column, (*path, name))
            yield from columns(column.get("items", {}), (*path, name))

    described = [
        (path, column.get("description", ""))
        for name, entry in catalog.items()
        for path, column in columns(entry["schema"], (name,))
    ]

    assert len(described) > 130
    assert [path for path, text in described if len(text) < 3 or not text.endswith(".")] == []


def test_nested_answers_are_the_columns_that_the_design_names(catalog):
    def names(stream):
        return set(catalog[stream]["schema"]["properties"])

    assert {"campaign_id", "campaign_name"} <= names("forms")
    assert "campaign" not in names("forms")
    assert {"embed_code"} <= names("forms")
    variations = catalog["dynamic_contents"]["schema"]["properties"]["variations"]
    assert set(variations["items"]["properties"]) == {"comparison", "content"}
    prospects = catalog["opportunities"]["schema"]["properties"]["prospects"]
    assert set(prospects["items"]["properties"]) == {
        "id",
        "first_name",
        "last_name",
        "email",
        "company",
    }


def test_about_lists_what_the_tap_can_do(about):
    wanted = {"catalog", "discover", "state", "about", "stream-maps", "schema-flattening"}
    assert wanted <= set(about["capabilities"])
    assert "batch" not in about["capabilities"]


def test_about_lists_the_settings_and_marks_the_secret_ones(about):
    settings = about["settings"]["properties"]
    design = {
        "pardot_business_unit_id",
        "client_id",
        "username",
        "login_url",
        "api_url",
        "is_sandbox",
        "api_version",
        "timezone",
        "start_date",
        "end_date",
        "max_concurrent_requests",
        "daily_call_limit",
        "request_timeout",
        "lookback_seconds",
        "user_agent",
        "token_file",
    }
    assert design | SECRETS <= settings.keys()
    assert {name for name, setting in settings.items() if setting.get("secret")} == SECRETS
    assert about["settings"]["required"] == ["pardot_business_unit_id"]
    assert not [name for name, setting in settings.items() if not setting.get("description")]
    assert "batch_config" not in settings


def test_version_names_the_tap():
    assert output("--version").startswith("tap-pardot v")


def test_the_access_check_reports_each_stream_and_reads_no_row(emulator, tap):
    emulator.set(forbidden={"list": 46, "export": 49})
    emulator.add("tag", [{"id": number} for number in range(1, 300)])

    run = tap.run(emulator.config, "--test")

    assert run.exit_code == 0, run.stderr
    assert run.stdout == ""
    refused = {"lists", "exports", *BY_EXPORT}
    for name in {*INCREMENTAL, *FULL_TABLE} - refused:
        assert f"{name}: can be read" in run.stderr
    for name in refused:
        assert f"{name}: cannot be read" in run.stderr
    assert "version 4" in run.last_line
    assert "America/New_York" in run.last_line
    posted = [call["object"] for call in emulator.calls if call["method"] != "GET"]
    assert posted == ["visit", "visit"]
    assert {call["op"] for call in emulator.calls} == {
        *("describe", "listOneToOne", "query", "read", "stats"),
    }
    # One for each stream, and two to learn the fields of prospects and their accounts.
    assert len(emulator.calls) == len(INCREMENTAL) + len(FULL_TABLE) + 2
    assert len(emulator.logins) == 1


def test_the_help_says_what_the_access_check_does():
    text = " ".join(output("--help").split())

    assert "Writes no record and creates no export job." in text


def test_the_access_check_names_the_account(emulator, tap):
    (account,) = emulator.rows("account")

    run = tap.run(emulator.config, "--test")

    assert str(account["id"]) in run.stderr or account["company"] in run.stderr


def test_the_access_check_fails_when_the_login_does(emulator, tap):
    run = tap.run(emulator.config | {"refresh_token": "expired"}, "--test")

    assert run.exit_code == 1
    assert "refresh_token" in run.last_line
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
