"""What a catalog selects is what is read, and streams that are not selected are not in the log."""

from __future__ import annotations

import pytest

from tests.helpers.catalog import select
from tests.helpers.children import THEN, Runs


@pytest.fixture
def account(emulator, tap):
    """Two prospects and an account with fields that no catalog of before knows."""
    times = {"created_at": THEN, "updated_at": THEN}
    emulator.add("customField", [{"id": 1, "name": "Salary", "field_id": "Salary", "type_id": 1}])
    emulator.add("prospectAccountField", [{"id": 2, "field_id": "Tax_Id", "label": "Tax id"}])
    emulator.add("prospect", [{"id": 1, "custom": {"Salary": "100"}, **times}])
    emulator.add("prospectAccount", [{"id": 1, "custom": {"Tax_Id": "7"}, **times}])
    emulator.add("list", [{"id": 1, **times}])
    return Runs(emulator, tap)


NEW = {"prospects": "salary", "prospect_accounts": "tax_id"}


def properties_of(catalog, stream):
    entry = next(each for each in catalog["streams"] if each["tap_stream_id"] == stream)
    return entry["schema"]["properties"]


def deselect(catalog, stream, column):
    entry = next(each for each in catalog["streams"] if each["tap_stream_id"] == stream)
    for item in entry["metadata"]:
        if item["breadcrumb"] == ["properties", column]:
            item["metadata"]["selected"] = False


# --- new custom fields -------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["export", "query"])
@pytest.mark.parametrize("stream", NEW)
def test_new_fields_come_where_nothing_is_deselected(account, stream, source):
    run = account.run(select(stream), bulk_source=source)

    assert run.records[stream][0][NEW[stream]] in {"100", "7"}
    assert not any("custom field" in each for each in account.warnings)


@pytest.mark.parametrize("source", ["export", "query"])
@pytest.mark.parametrize("stream", NEW)
@pytest.mark.parametrize("way", ["one deselected", "few selected", "cut out"])
def test_new_fields_stay_out_where_a_column_is_deselected(account, stream, source, way):
    column = {"prospects": "email", "prospect_accounts": "name"}[stream]
    catalog = select(stream, columns={stream: ["created_at"]} if way == "few selected" else None)
    if way == "one deselected":
        deselect(catalog, stream, column)
    elif way == "cut out":
        del properties_of(catalog, stream)[column]

    run = account.run(catalog, bulk_source=source)

    assert run.exit_code == 0
    (record,) = run.records[stream]
    assert {NEW[stream], column}.isdisjoint(record)
    lines = [each for each in account.warnings if "custom field" in each]
    (line,) = lines
    assert line.startswith(f"{stream}: 1 new custom field is not read, because the catalog ")
    asked = [str(job["fields"]) for job in account.emulator.exports]
    asked += [call["params"].get("fields", "") for call in account.emulator.calls]
    assert not any(name in fields for fields in asked for name in ("Salary", "Tax_Id"))


def test_a_field_that_the_catalog_knows_and_selects_comes_although_others_are_deselected(account):
    catalog = select("prospects", columns={"prospects": []})
    properties_of(catalog, "prospects")["salary"] = {"type": ["string", "null"]}

    run = account.run(catalog)

    assert {*run.records["prospects"][0]} == {"id", "updated_at", "salary"}


# --- the log -----------------------------------------------------------------------------------


def test_streams_that_are_not_selected_are_not_in_the_log(account):
    """As Meltano's ``select: [lists.*]`` writes it: all the others are deselected, keys too."""
    catalog = select("lists")
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] != "lists":
            for item in entry["metadata"]:
                item["metadata"]["selected"] = False
            entry["schema"]["properties"]["gone"] = {"type": "string"}
    catalog["streams"].append(
        {"tap_stream_id": "landing_pages", "schema": {"properties": {}}, "metadata": []}
    )
    catalog["streams"][-1]["metadata"] = [{"breadcrumb": [], "metadata": {"selected": False}}]

    run = account.run(catalog)

    assert run.exit_code == 0
    assert run.ids("lists") == [1]
    assert account.warnings == []


def test_a_selected_stream_whose_key_is_deselected_is_named(account):
    catalog = select("lists", columns={"lists": ["name"]})

    run = account.run(catalog)

    assert {*run.records["lists"][0]} == {"id", "name", "updated_at"}
    assert [each for each in account.warnings if "deselected" in each] == [
        f"lists.{key} is deselected in the catalog but is a key: it is read anyway."
        for key in ("id", "updated_at")
    ]


@pytest.mark.parametrize(
    ("fault", "stream"),
    [
        ({"object": "customField", "code": 49}, "prospects"),
        ({"object": "prospectAccount", "op": "describe", "code": 46}, "prospect_accounts"),
        (None, "lists"),
    ],
)
def test_no_column_is_reported_missing_where_pardot_did_not_list_its_fields(account, fault, stream):
    catalog = select(stream)
    for name, column in NEW.items():
        properties_of(catalog, name)[column] = {"type": ["string", "null"]}
    if fault:
        account.emulator.fault(times=None, **fault)

    run = account.run(catalog)

    assert run.exit_code == 0
    assert run.ids(stream) == [1]
    assert not any("any more" in each for each in account.warnings)


def test_a_missing_field_is_named_where_pardot_lists_its_fields(account):
    catalog = select("prospects")
    properties_of(catalog, "prospects")["old"] = {"type": ["string", "null"]}

    account.run(catalog)

    assert [each for each in account.warnings if "any more" in each] == [
        "prospects: Pardot has no field for the column old any more; left out."
    ]
