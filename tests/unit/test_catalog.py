"""The catalog is a contract: no column, key or type may vanish or change unnoticed.

Renew the golden file when a change is meant, and tell users about it in CHANGELOG.md::

    tap-pardot --discover > tests/golden/catalog.json
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tap_pardot.streams import STREAMS
from tap_pardot.tap import TapPardot

GOLDEN = Path(__file__).parents[1] / "golden" / "catalog.json"
NAMES = [stream.name for stream in STREAMS]
BY_TIME = {
    *("custom_redirects", "dynamic_contents", "forms", "lists", "tags", "exports", "imports"),
}
BY_TIME |= {
    *("list_memberships", "prospect_accounts", "prospects", "visitor_activities", "visitors"),
}
KEYS = {
    "email_stats": ["list_email_id"],
    "opportunity_prospects": ["opportunity_id", "prospect_id"],
}
IN_MEMORY = {"custom_fields", "opportunities", "users"}
"""Read whole by default; INCREMENTAL emits only what has changed."""
BY_ID = {"email_clicks", "lifecycle_histories", "tag_objects"}


@pytest.fixture(scope="module")
def catalog():
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    # Without settings nobody is asked, and the standard columns are shown.
    streams = TapPardot(validate_config=False).catalog_dict["streams"]
    for number, handler in signals.items():
        signal.signal(number, handler)
    # As JSON: tuples become lists.
    return {each["tap_stream_id"]: json.loads(json.dumps(each)) for each in streams}


@pytest.fixture(scope="module")
def golden():
    streams = json.loads(GOLDEN.read_text())["streams"]
    return {each["tap_stream_id"]: each for each in streams}


def without_order(entry):
    return {**entry, "metadata": sorted(entry["metadata"], key=lambda each: each["breadcrumb"])}


def test_the_streams_are_the_golden_ones(catalog, golden):
    assert sorted(catalog) == sorted(golden) == sorted(NAMES)
    assert len(NAMES) == 29


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_is_declared_as_it_was(catalog, golden, name):
    assert without_order(catalog[name]) == without_order(golden[name])
    columns = [entry[name]["schema"]["properties"] for entry in (catalog, golden)]
    assert list(columns[0]) == list(columns[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_has_its_keys_and_replication(catalog, name):
    entry = catalog[name]
    (root,) = [each["metadata"] for each in entry["metadata"] if not each["breadcrumb"]]

    assert entry["key_properties"] == KEYS.get(name, ["id"])
    key = "updated_at" if name in BY_TIME else "id" if name in BY_ID else None
    if name == "external_activities":
        key = "created_at"
    assert entry.get("replication_key") == key
    assert entry["replication_method"] == ("INCREMENTAL" if key else "FULL_TABLE")
    valid = ["updated_at"] if name in IN_MEMORY else [key] if key else []
    assert root.get("valid-replication-keys", []) == valid
    assert root["table-key-properties"] == KEYS.get(name, ["id"])


@pytest.mark.parametrize("name", NAMES)
def test_every_column_is_typed_nullable_and_described(catalog, name):
    properties = catalog[name]["schema"]["properties"]

    keys = KEYS.get(name, ["id"])
    assert list(properties)[: len(keys)] == keys
    for column, definition in properties.items():
        assert definition["description"].endswith("."), column
        assert column in keys or "null" in definition["type"], column
        assert column.isidentifier()
        assert column == column.lower()
