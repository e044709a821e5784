"""What is off is ``unsupported`` in the catalog until ``include`` names it, under all versions.

What is off under version 5 besides: ``test_v5_include.py``.
"""

from __future__ import annotations

import json

import pytest

from tests.helpers.catalog import select

OFF = {
    ("prospect_ids", None),
    ("prospects", "password"),
    ("emails", "message_html"),
    ("emails", "message_text"),
}
NAMES = sorted(".".join(filter(None, each)) for each in OFF)
DISCOVER_AGAIN = "which the catalog does not offer: discover it again (Meltano: --refresh-catalog)."


@pytest.fixture
def account(emulator):
    """Give an account with a prospect, and an e-mail that an activity names."""
    emulator.set(export_seconds=0)
    emulator.add("prospect", [{"id": 1, "email": "ada@example.com", "password": "secret"}])
    emulator.add("email", [{"id": 7, "message": {"text": "Hi", "html": "<p>Hi</p>"}}])
    emulator.add("visitorActivity", [{"id": 1, "type": 6, "email_id": 7}])
    return emulator


@pytest.fixture
def discovered(account, tap):
    """Give a function that returns the catalog that some settings discover."""

    def discover(**settings):
        run = tap.run({**account.config, **settings}, "--discover")
        assert run.exit_code == 0, run.stderr
        return json.loads(run.stdout)

    return discover


def metadata(catalog):
    """Yield stream, column (None for the stream itself) and metadata of a catalog."""
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            _, column = item["breadcrumb"] or (None, None)
            yield entry["tap_stream_id"], column, item["metadata"]


def unsupported(catalog):
    """Return what a catalog does not offer, as pairs of stream and column."""
    return {(s, c) for s, c, found in metadata(catalog) if found["inclusion"] == "unsupported"}


def emitted(run):
    """Return which of what is off is in SCHEMA messages, as pairs of stream and column."""
    assert run.exit_code == 0, run.stderr
    found = {}
    for each in run.messages:
        if each["type"] == "SCHEMA":
            found[each["stream"]] = each["schema"]["properties"]
    return {(s, c) for s, c in OFF if s in found and (c is None or c in found[s])}


def about_include(run):
    """Return the warnings about the setting."""
    return [each for each in run.warnings if "include" in each]


@pytest.mark.parametrize("version", [3, 4])
def test_bodies_passwords_and_the_list_of_ids_are_off(discovered, version):
    assert unsupported(discovered(api_version=version)) == OFF


def test_discovery_offers_what_include_names(discovered):
    catalog = discovered(include=["prospect_ids", "emails.message_text"])

    assert unsupported(catalog) == {("prospects", "password"), ("emails", "message_html")}
    selected = {s: found["selected"] for s, c, found in metadata(catalog) if c is None}
    assert all(selected.values())


def test_a_run_without_a_catalog_reads_what_include_names(account, tap):
    plain = tap.run(account.config)
    included = tap.run({**account.config, "include": NAMES})

    assert emitted(plain) == set()
    assert emitted(included) == OFF
    assert included.ids("prospect_ids") == [1]
    (email,) = included.records["emails"]
    assert (email["message_text"], email["message_html"]) == ("Hi", "<p>Hi</p>")
    assert about_include(plain) == about_include(included) == []


def test_a_catalog_from_before_that_selects_it_is_followed(account, tap, discovered):
    catalog = discovered()
    for stream, column, found in metadata(catalog):
        if (stream, column) in OFF:
            found |= {"inclusion": "available", "selected": True}

    run = tap.run(account.config, catalog=catalog)

    assert emitted(run) == OFF


def test_a_catalog_that_selects_what_it_calls_unsupported_does_not_get_it(account, tap, discovered):
    catalog = discovered()
    for _, _, found in metadata(catalog):
        found["selected"] = True

    run = tap.run(account.config, catalog=catalog)

    assert emitted(run) == set()


def test_include_adds_to_a_catalog_that_was_discovered_without_it(account, tap, discovered):
    catalog = discovered()

    run = tap.run({**account.config, "include": NAMES}, catalog=catalog)

    assert emitted(run) == OFF
    assert about_include(run) == []


def test_include_adds_to_a_catalog_in_which_it_was_off_by_default(account, tap, discovered):
    catalog = discovered()
    for stream, column, found in metadata(catalog):
        if (stream, column) in OFF:
            found |= {"inclusion": "available", "selected-by-default": False}

    run = tap.run({**account.config, "include": NAMES}, catalog=catalog)

    assert emitted(run) == OFF


def test_a_catalog_that_was_discovered_with_include_may_deselect_it(account, tap, discovered):
    settings = {"include": NAMES}
    catalog = discovered(**settings)
    for stream, column, found in metadata(catalog):
        if (stream, column) in OFF:
            found["selected"] = False

    run = tap.run({**account.config, **settings}, catalog=catalog)

    assert emitted(run) == set()
    assert about_include(run) == []


def test_a_warning_names_what_the_catalog_lacks(account, tap, discovered):
    catalog = discovered()
    catalog["streams"] = [e for e in catalog["streams"] if e["tap_stream_id"] != "prospect_ids"]
    for entry in catalog["streams"]:
        entry["schema"]["properties"].pop("message_html", None)

    run = tap.run({**account.config, "include": NAMES}, catalog=catalog)

    assert emitted(run) == {("emails", "message_text"), ("prospects", "password")}
    assert about_include(run) == [
        f"include names emails.message_html, prospect_ids, {DISCOVER_AGAIN}"
    ]


def test_a_warning_names_what_meltano_has_deselected_because_it_was_off(account, tap, discovered):
    catalog = discovered()
    for _, _, found in metadata(catalog):  # Meltano selects by rules, but never what is off
        found["selected"] = found["inclusion"] != "unsupported"

    run = tap.run({**account.config, "include": NAMES}, catalog=catalog)

    assert emitted(run) == set()
    assert about_include(run) == [f"include names {', '.join(NAMES)}, {DISCOVER_AGAIN}"]


def test_streams_that_the_catalog_does_not_select_bring_no_warning(account, tap):
    catalog = select("lists")

    run = tap.run({**account.config, "include": ["emails.message_html"]}, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    assert run.warnings == []


def test_names_that_only_version_5_has_are_ignored_with_a_warning(account, tap):
    names = ["list_email_lists", "list_emails.html_message", "prospects.user_id", "prospect_ids"]

    run = tap.run({**account.config, "include": names}, "--discover")

    assert run.exit_code == 0, run.stderr
    (warning,) = run.warnings
    assert warning == (
        "include names list_email_lists, list_emails.html_message, prospects.user_id: that needs "
        "api_version 5 and is ignored."
    )


def test_a_wrong_name_gets_one_warning_with_the_nearest_known_name(account, tap):
    names = ["emails.mesage_html", "prospect_id", "list_emails.htm", "prospect_ids"]

    run = tap.run({**account.config, "include": names}, "--discover")

    assert run.exit_code == 0, run.stderr
    (warning,) = run.warnings
    assert warning.startswith("include names streams or columns that do not exist: ")
    assert "emails.mesage_html (did you mean emails.message_html?)" in warning
    assert "prospect_id (did you mean prospect_ids?)" in warning


def test_the_check_of_the_login_reports_what_is_off(account, tap):
    plain = tap.run(account.config, "--test")
    included = tap.run({**account.config, "include": ["prospect_ids"]}, "--test")

    (line,) = [each for each in plain.log if each.startswith("prospect_ids: ")]
    assert line.endswith("; off unless include names it.")
    assert not any("off unless" in each for each in included.log)
