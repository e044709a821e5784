"""A catalog may declare a column otherwise than the stream does: no row is lost by it.

Meltano's ``schema`` extra, a catalog of an older tap and hand-written ones do that. Windows,
cursors and children go by the stream's own declaration; only what is emitted changes.
"""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.helpers.catalog import select
from tests.helpers.children import THEN, Runs

TEXT = {"type": ["string", "null"]}
DATE = {"type": ["string", "null"], "format": "date"}
TIME = {"type": ["string", "null"], "format": "date-time"}
SAME = "2024-05-20T10:00:00+00:00"
TIMES = {
    "date": (DATE, "2024-05-20"),
    "text": (TEXT, SAME),
    "text, the format taken out by Meltano": ({**TEXT, "format": {}}, SAME),
    "text, another format": ({**TEXT, "format": "uuid"}, SAME),
    "a date by oneOf": ({"oneOf": [DATE, {"type": "null"}]}, "2024-05-20"),
    "as older taps write it": ({"anyOf": [TIME, TEXT]}, SAME),
    "text by anyOf": ({"anyOf": [{"type": "null"}, {"type": "string"}]}, SAME),
    "no type at all": ({}, SAME),
    "time or number": ({"type": ["number", "string"], "format": "date-time"}, SAME),
    "a date or a number": ({"type": ["integer", "string", "null"], "format": "date"}, "2024-05-20"),
    "a date or an object": ({"anyOf": [{"type": "object"}, DATE]}, "2024-05-20"),
    "the type taken out by Meltano": ({"type": {}}, SAME),
    "a format alone, as Meltano's schema extra leaves it": ({"format": "date"}, "2024-05-20"),
    "a type that is none": ({"type": "STRING"}, SAME),
    "made from a sample without a value": ({"type": "null"}, SAME),
    "a number": ({"type": ["integer", "null"]}, None),
}
STREAMS = {
    "prospects": "prospect",
    "visitor_activities": "visitorActivity",
    "lists": "list",
    "opportunities": "opportunity",
    "email_clicks": "emailClick",
}


@pytest.fixture
def account(emulator, tap):
    return Runs(emulator, tap)


def fill(account, numbers, at=THEN):
    account.fill(STREAMS.values(), numbers, at)


def schema_of(run, stream):
    (found,) = [m for m in run.messages if m["type"] == "SCHEMA" and m["stream"] == stream]
    return found["schema"]["properties"]


# --- times -----------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["export", "query"])
@pytest.mark.parametrize("form", TIMES)
def test_no_row_is_lost_whatever_the_times_are_declared_as(account, form, source):
    declared, emitted = TIMES[form]
    fill(account, [1, 2])
    types = {name: {"created_at": declared, "updated_at": declared} for name in STREAMS}
    del types["email_clicks"]["updated_at"]
    methods = {"opportunities": "INCREMENTAL"}

    first = account.sync(*STREAMS, types=types, methods=methods, bulk_source=source)
    # On the day of the bookmark, at which a date compared with a time would stop.
    fill(account, [3], at=account.later(2))
    second = account.sync(*STREAMS, types=types, methods=methods, bulk_source=source)

    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr + second.stderr
    assert {name: sorted(first.ids(name)) for name in STREAMS} == {key: [1, 2] for key in STREAMS}
    assert {name: second.ids(name) for name in STREAMS} == {key: [3] for key in STREAMS}
    for name in STREAMS:
        assert [record["created_at"] for record in first.records[name]] == [emitted] * 2, name
        # Targets refuse a column without a type.
        assert schema_of(first, name)["created_at"].keys() & {"type", "anyOf", "oneOf"}
        format_ = schema_of(first, name)["created_at"].get("format")
        assert format_ is None or isinstance(format_, str)
    if form == "a number":
        assert any("lists.updated_at: 1 value" in each for each in account.warnings)


@pytest.mark.parametrize("source", ["export", "query"])
def test_a_date_is_the_utc_day(account, source):
    """10 at night in New York is the next day in UTC."""
    fill(account, [1], at="2024-05-20T22:00:00-04:00")
    types = {name: {"created_at": DATE} for name in STREAMS}

    run = account.sync(*STREAMS, types=types, bulk_source=source)

    assert [run.records[name][0]["created_at"] for name in STREAMS] == ["2024-05-21"] * 5


def test_a_window_left_open_is_taken_up_with_other_types(account):
    fill(account, range(1, 301))
    account.emulator.fault(object="list", nth=2, code=46)
    account.sync("lists")
    assert account.bookmark("lists")["cursor"] == 200

    run = account.sync("lists", types={"lists": {"id": TEXT, "updated_at": DATE}})

    assert run.exit_code == 0
    assert [record["id"] for record in run.records["lists"]] == [str(n) for n in range(201, 301)]


# --- ids -------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["export", "query"])
def test_ids_as_text_move_cursors_and_find_children(account, source):
    account.emulator.add("email", [{"id": 7, "name": "n"}])
    fill(account, range(1, 203))
    times = {"created_at": THEN, "updated_at": THEN}
    account.emulator.add(
        "visitorActivity", [{"id": 300, "email_id": 7, "list_email_id": 8, **times}]
    )
    people = [{"id": 4}, {"id": 5}]
    account.emulator.add("opportunity", [{"id": 300, "prospects": people, **times}])
    types = {
        **{name: {"id": TEXT} for name in STREAMS},
        "visitor_activities": {"id": TEXT, "email_id": TEXT, "list_email_id": TEXT},
        "opportunity_prospects": {"opportunity_id": TEXT},
    }
    children = ("emails", "email_stats", "opportunity_prospects")

    run = account.sync(*STREAMS, *children, types=types, bulk_source=source)
    idle = account.sync(*STREAMS, *children, types=types, bulk_source=source)

    assert (run.exit_code, idle.exit_code) == (0, 0), run.stderr
    for name in STREAMS:
        expected = {str(number) for number in range(1, 203)}
        if name in {"visitor_activities", "opportunities"}:
            expected.add("300")
        assert {record["id"] for record in run.records[name]} == expected
    named = {record["id"]: record["email_id"] for record in run.records["visitor_activities"]}
    assert (named["300"], named["1"]) == ("7", None)
    assert run.ids("emails") == [7]
    links = [
        (each["opportunity_id"], each["prospect_id"])
        for each in run.records["opportunity_prospects"]
    ]
    assert links == [("300", 4), ("300", 5)]
    assert idle.ids("email_clicks") == []


def test_visits_of_visitors_whose_ids_are_text(account):
    times = {"created_at": THEN, "updated_at": THEN}
    account.emulator.add("visitor", [{"id": 5, **times}])
    account.emulator.add("visit", [{"id": 9, "visitor_id": 5, **times}])
    types = {"visitors": {"id": TEXT}, "visits": {"visitor_id": TEXT, "created_at": DATE}}

    run = account.sync("visitors", "visits", types=types)

    (visit,) = run.records["visits"]
    assert (visit["id"], visit["visitor_id"], visit["created_at"]) == (9, "5", "2024-05-20")


# --- values ----------------------------------------------------------------------------------


def test_text_takes_arrays_objects_and_what_fits_no_type(account):
    people = [{"id": 4, "email": "ada@example.com"}, {"id": 5}]
    row = {"created_at": THEN, "updated_at": THEN, "prospects": people, "probability": "high"}
    account.emulator.add("opportunity", [{"id": 1, **row, "value": 98.25}])
    types = {"prospects": TEXT, "probability": TEXT, "value": TEXT}

    run = account.sync("opportunities", types={"opportunities": types})

    (record,) = run.records["opportunities"]
    assert [each["id"] for each in json.loads(record["prospects"])] == [4, 5]
    assert (record["probability"], record["value"]) == ("high", "98.25")
    assert not any("did not fit" in each for each in account.warnings)


@pytest.mark.parametrize("source", ["export", "query"])
def test_scalars_take_what_converts_and_count_the_rest(account, source):
    times = {"created_at": THEN, "updated_at": THEN}
    rows = [
        {"id": 1, "zip": "02190", "employees": "12.5", "industry": "1", "is_starred": True},
        {"id": 2, "zip": "D-10115", "employees": "many", "industry": "maybe", "is_starred": False},
    ]
    account.emulator.add("prospect", [{**row, **times} for row in rows])
    types = {
        "zip": {"type": ["integer", "null"]},
        "employees": {"type": ["number", "null"]},
        "industry": {"type": ["boolean", "null"]},
        "is_starred": {"type": ["integer", "null"]},
    }

    run = account.sync("prospects", types={"prospects": types}, bulk_source=source)

    found = [tuple(record[name] for name in types) for record in run.records["prospects"]]
    assert sorted(found, key=str) == [(2190, 12.5, True, 1), (None, None, None, 0)]
    for name in ("zip", "employees", "industry"):
        assert any(f"prospects.{name}: 1 value" in each for each in account.warnings), name


@pytest.mark.parametrize("source", ["export", "query"])
def test_a_date_as_a_time_is_midnight_utc(account, source):
    account.emulator.add(
        "customField", [{"id": 1, "name": "Renewal", "field_id": "Renewal", "type_id": 12}]
    )
    row = {"id": 1, "created_at": THEN, "updated_at": THEN, "custom": {"Renewal": "2024-11-03"}}
    account.emulator.add("prospect", [row])

    run = account.sync("prospects", types={"prospects": {"renewal": TIME}}, bulk_source=source)

    assert [each["renewal"] for each in run.records["prospects"]] == ["2024-11-03T00:00:00+00:00"]


def test_columns_inside_arrays_are_retyped_too(account):
    people = [{"id": 4, "company": "7"}, {"id": 5, "company": "x"}]
    row = {"id": 1, "created_at": THEN, "updated_at": THEN, "prospects": people}
    account.emulator.add("opportunity", [row])
    items = {"type": "object", "properties": {"id": TEXT, "company": {"type": ["integer"]}}}
    types = {"opportunities": {"prospects": {"type": ["array", "null"], "items": items}}}

    run = account.sync("opportunities", "opportunity_prospects", types=types)

    (record,) = run.records["opportunities"]
    found = [(each["id"], each["company"]) for each in record["prospects"]]
    assert found == [("4", 7), ("5", None)]
    assert [each["prospect_id"] for each in run.records["opportunity_prospects"]] == [4, 5]
    assert any("opportunities.prospects.company: 1 value" in each for each in account.warnings)


def assert_records_fit(run):
    schemas = {m["stream"]: m["schema"] for m in run.messages if m["type"] == "SCHEMA"}
    for schema in schemas.values():
        jsonschema.Draft7Validator.check_schema(schema)
    for message in run.messages:
        if message["type"] == "RECORD":
            jsonschema.validate(message["record"], schemas[message["stream"]])


@pytest.mark.parametrize(
    "types",
    [
        {"name": {"type": "string"}, "value": {"type": "number"}, "closed_at": {"type": "string"}},
        {"name": {"oneOf": [{"type": "integer"}]}, "closed_at": {**DATE, "type": "string"}},
        {"created_at": {"type": "null"}, "updated_at": {"type": []}, "name": {"anyOf": "text"}},
    ],
)
def test_schema_takes_the_nulls_that_come(account, types):
    times = {"created_at": THEN, "updated_at": THEN}
    account.emulator.add("opportunity", [{"id": 1, **times}, {"id": 2, "name": "Ada", **times}])

    run = account.sync("opportunities", types={"opportunities": types})

    assert (run.exit_code, run.ids("opportunities")) == (0, [1, 2]), run.stderr
    assert_records_fit(run)


@pytest.mark.parametrize(
    "items",
    [
        {"type": "object", "properties": {"company": {"type": "integer"}}},
        {"type": "object", "properties": {"id": TEXT}, "additionalProperties": False},
        {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"id": TEXT}}]},
        {"type": "object", "properties": {"id": True, "company": {"items": True}}},
        [{"type": "string"}],
        {"properties": {"id": TEXT, "company": {"type": None}}},
    ],
)
def test_records_fit_their_schema_inside_arrays_too(account, items):
    row = {"id": 1, "created_at": THEN, "updated_at": THEN}
    people = [{"id": 4, "company": "x"}, {"id": 5}]
    account.emulator.add("opportunity", [{**row, "prospects": people}])
    types = {"opportunities": {"prospects": {"type": "array", "items": items}}}

    run = account.sync("opportunities", "opportunity_prospects", types=types)

    assert run.exit_code == 0, run.stderr
    assert len(run.records["opportunities"][0]["prospects"]) == 2
    assert [each["prospect_id"] for each in run.records["opportunity_prospects"]] == [4, 5]
    assert_records_fit(run)


@pytest.mark.parametrize("keys", [["made_up"], [None], [], {}, "name", ["id", "made_up"]])
def test_a_catalog_names_columns_as_keys_and_columns_that_come_as_required(account, keys):
    fill(account, [1])
    catalog = select("lists", columns={"lists": ["id", "updated_at"]})
    (entry,) = [each for each in catalog["streams"] if each["tap_stream_id"] == "lists"]
    entry["key_properties"] = keys
    entry["schema"]["required"] = ["id", "name"]

    run = account.run(catalog)

    assert (run.exit_code, run.ids("lists")) == (0, [1]), run.stderr
    (schema,) = [each for each in run.messages if each["type"] == "SCHEMA"]
    assert schema["key_properties"] == ["id"]
    assert_records_fit(run)


# --- what cannot be --------------------------------------------------------------------------

ARRAY = {"type": ["array", "null"], "items": {"type": "string"}}
OBJECT = {"type": ["object", "null"], "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("stream", "column", "declared"),
    [
        ("lists", "name", ARRAY),
        ("lists", "updated_at", OBJECT),
        ("prospects", "score", ARRAY),
        ("opportunities", "prospects", OBJECT),
        ("opportunities", "prospects", {"type": "array", "items": {"type": "array"}}),
        ("email_clicks", "id", {"anyOf": [OBJECT, {"type": "null"}]}),
    ],
)
def test_structures_cannot_be_made_of_scalars_nor_of_each_other(account, stream, column, declared):
    fill(account, [1])

    run = account.sync("tags", stream, types={stream: {column: declared}})

    assert run.exit_code == 1
    assert run.records == {}
    assert f"stream {stream}" in run.last_line
    assert f"column {column}" in run.last_line


@pytest.mark.parametrize("declared", [ARRAY, OBJECT])
def test_streams_and_columns_that_are_not_selected_do_not_matter(account, declared):
    fill(account, [1])
    types = {"tags": {"name": declared}, "lists": {"title": declared}}

    run = account.sync("lists", types=types, columns={"lists": ["name"]})

    assert (run.exit_code, run.ids("lists")) == (0, [1]), run.stderr
