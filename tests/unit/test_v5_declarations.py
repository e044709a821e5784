"""What streams declare for version 5 is what its specification lists, column by column."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tap_pardot.api.dialect import Lookup, Query, Record
from tap_pardot.records.decoder import kind_of
from tap_pardot.records.values import camel_case
from tap_pardot.streams import STREAMS, V5_STREAMS
from tap_pardot.streams.list_emails import lists_of
from tests.helpers.v5_specification import (
    ENDPOINTS,
    FIELD_NAMES,
    FIELDS,
    INSIDE,
    NEW_COLUMNS,
    NEW_STREAMS,
    OFF,
    ONLY_V4,
    REPLICATION_KEYS,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "catalog.json"

KINDS = {
    "i": "integer",
    "s": "string",
    "b": "boolean",
    "n": "number",
    "t": "timestamp",
    "a": "array",
    "o": "object",
}
ALL = {stream.name: stream for stream in (*STREAMS, *V5_STREAMS)}
READ_BY_V5 = {**NEW_COLUMNS, **NEW_STREAMS}


@pytest.fixture(scope="module")
def golden():
    streams = json.loads(GOLDEN.read_text())["streams"]
    return {each["tap_stream_id"]: each["schema"]["properties"] for each in streams}


def kinds(text):
    pairs = (pair.split(":") for pair in text.split())
    return {name: KINDS[kind] for name, kind in pairs}


def kinds_of(properties):
    return {name: kind_of(definition) for name, definition in properties.items()}


def columns_of(stream):
    return {**stream.schema["properties"], **stream.v5_columns}


def names(text):
    return {each.partition(":")[0] for each in text.split()}


def replication_key_of(stream):
    declared = stream.replication_key  # the SDK's property where the class declares none
    return stream.v5_replication_key or (declared if isinstance(declared, str) else None)


def endpoints(stream):
    return stream.v5 if isinstance(stream.v5, tuple) else (stream.v5,)


def described(definition):
    """Yield the definitions inside of one, and itself."""
    yield definition
    inside = definition.get("items", definition)
    for each in inside.get("properties", {}).values():
        yield from described(each)


def test_every_stream_of_the_specification_is_declared_for_version_5():
    assert {stream.name for stream in V5_STREAMS} == set(NEW_STREAMS)
    assert len(V5_STREAMS) == 15
    assert {name for name, stream in ALL.items() if stream.v5 is not None} == set(READ_BY_V5)
    assert {stream.name for stream in STREAMS} == set(NEW_COLUMNS) | ONLY_V4


@pytest.mark.parametrize("name", NEW_COLUMNS)
def test_version_5_adds_the_columns_of_the_specification(name):
    assert kinds_of(ALL[name].v5_columns) == kinds(NEW_COLUMNS[name])


@pytest.mark.parametrize("name", NEW_STREAMS)
def test_a_stream_of_version_5_has_the_columns_of_the_specification(name):
    assert kinds_of(ALL[name].schema["properties"]) == kinds(NEW_STREAMS[name])
    assert not ALL[name].v5_columns


@pytest.mark.parametrize(("name", "column"), INSIDE)
def test_an_object_in_a_column_has_the_columns_of_the_specification(name, column):
    definition = columns_of(ALL[name])[column]
    inside = definition.get("items", definition)["properties"]

    assert kinds_of(inside) == kinds(INSIDE[name, column])


def test_arrays_of_plain_values_say_of_what():
    columns = columns_of(ALL["engagement_studio_programs"])

    assert kind_of(columns["recipient_list_ids"]["items"]) == "integer"
    assert kind_of(columns["suppression_list_ids"]["items"]) == "integer"
    assert kind_of(columns["business_hours"]["properties"]["days"]["items"]) == "string"


@pytest.mark.parametrize("name", READ_BY_V5)
def test_every_column_of_version_5_is_described_and_nullable_but_for_keys(name):
    stream = ALL[name]
    new = columns_of(stream) if stream in V5_STREAMS else stream.v5_columns
    for column, definition in new.items():
        assert column.isidentifier()
        assert column == column.lower()
        assert ("null" in definition["type"]) == (column not in stream.primary_keys), column
        for each in described(definition):
            assert each["description"].endswith("."), column


@pytest.mark.parametrize("name", NEW_COLUMNS)
def test_a_stream_has_a_column_of_version_5_once(name):
    assert ALL[name].schema["properties"].keys().isdisjoint(ALL[name].v5_columns)


def test_the_catalog_of_versions_3_and_4_has_nothing_of_version_5(golden):
    assert golden.keys().isdisjoint(NEW_STREAMS)
    assert golden.keys() == {stream.name for stream in STREAMS}
    for name in NEW_COLUMNS:
        assert golden[name].keys().isdisjoint(ALL[name].v5_columns), name
        assert list(golden[name]) == list(ALL[name].schema["properties"])
    assert all(stream.v4 is None for stream in V5_STREAMS)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_query_of_version_5_is_the_one_of_the_specification(name):
    path, how, lacks = ENDPOINTS[name]
    query, *_ = endpoints(ALL[name])
    words = [query.time or "whole"]
    words += ["append"] * query.append_only + ["bin"] * query.deleted
    words += ["undocumented"] * (not query.is_documented)

    assert isinstance(query, Query)
    assert (query.object, " ".join(words)) == (path, how)
    assert query.lacks == names(lacks)
    sizes = {"tracker_domains": 50, "email_templates": 100}
    assert query.page_size == sizes.get(name)


def test_the_other_endpoints_of_version_5_are_records_and_lookups():
    others = {
        name: [(type(each), each.object) for each in endpoints(ALL[name])]
        for name in READ_BY_V5
        if name not in ENDPOINTS or len(endpoints(ALL[name])) > 1
    }

    assert others == {
        "account": [(Record, "account")],
        "email_stats": [(Lookup, "list-emails")],
        "emails": [(Query, "emails"), (Lookup, "emails")],
        "list_emails": [(Query, "list-emails"), (Lookup, "list-emails")],
        "list_email_lists": [(Lookup, "list-emails")],
    }
    assert ALL["account"].v5.lacks == {"vanity_domain", "tracking_code_template"}
    assert endpoints(ALL["emails"])[1].lacks == {"is_one_to_one", "created_at"}
    assert ALL["email_stats"].v5.operation == "stats"
    of_each = {each.name: each.v5.of_each for each in V5_STREAMS if isinstance(each.v5, Query)}
    assert {name: each for name, each in of_each.items() if each} == {
        "dynamic_content_variations": ("dynamic-contents", "dynamicContentId")
    }


def test_what_a_lookup_of_version_5_needs_of_its_parents_are_their_columns():
    lookups = [each for name in READ_BY_V5 for each in endpoints(ALL[name])]
    parents = [(n, c) for each in lookups for n, c in getattr(each, "parents", {}).items()]

    assert {name for name, _ in parents} >= {"list_emails", "visitor_activities"}
    for name, columns in parents:
        assert set(columns) <= ALL[name].schema["properties"].keys()


@pytest.mark.parametrize("name", READ_BY_V5)
def test_a_stream_has_its_keys_under_version_5(name):
    stream = ALL[name]
    key = replication_key_of(stream)

    own = {
        "email_stats": ("list_email_id",),
        "list_email_lists": ("list_email_id", "list_id", "role"),
    }
    assert tuple(stream.primary_keys) == own.get(name, ("id",))
    assert key == REPLICATION_KEYS.get(name, "updated_at")
    assert {*stream.primary_keys, *([key] if key else [])} <= columns_of(stream).keys()
    assert list(columns_of(stream))[: len(stream.primary_keys)] == list(stream.primary_keys)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_query_filters_by_a_time_that_is_a_column_and_fits_the_replication_key(name):
    query, key = endpoints(ALL[name])[0], replication_key_of(ALL[name])

    if query.time is None:  # read whole; INCREMENTAL emits only what has changed
        assert key in {None, "updated_at"}
        return
    assert kind_of(columns_of(ALL[name])[query.time]) == "timestamp"
    assert key == ("id" if query.append_only else query.time)


@pytest.mark.parametrize("name", READ_BY_V5)
def test_fields_of_version_5_are_camel_case_but_for_those_of_the_specification(name):
    assert ALL[name].v5_names == {k: (v,) for k, v in FIELD_NAMES.get(name, {}).items()}


@pytest.mark.parametrize("name", FIELDS)
def test_every_column_that_version_5_has_is_a_field_of_its_reference(name):
    stream = ALL[name]
    lacks = set.intersection(*({*each.lacks} for each in endpoints(stream)))
    columns = columns_of(stream).keys() - lacks - stream.v5_computed

    fields = {stream.v5_names.get(each, (camel_case(each),))[0] for each in columns}
    assert fields == {"id", *FIELDS[name].split()}


@pytest.mark.parametrize("name", READ_BY_V5)
def test_what_a_stream_says_of_columns_names_existing_ones(name):
    stream = ALL[name]
    named = {*stream.v5_names, *stream.v5_off, *stream.v5_notes, *stream.v5_values}
    named |= stream.v5_computed
    named |= {column for each in endpoints(stream) for column in each.lacks}

    assert named <= columns_of(stream).keys()
    assert all(each.endswith(".") for each in stream.v5_notes.values())
    if stream not in V5_STREAMS:
        lacks = {column for each in endpoints(stream) for column in each.lacks}
        assert lacks <= stream.schema["properties"].keys()


@pytest.mark.parametrize("name", READ_BY_V5)
def test_the_columns_that_are_off_are_those_of_the_specification(name):
    off = ALL[name].v5_off.union(ALL[name].off_by_default)

    assert off == names(OFF.get(name, ""))
    assert off.isdisjoint(ALL[name].primary_keys)
    assert ALL[name].v5_off.isdisjoint(ALL[name].off_by_default)


def test_only_the_lists_of_list_emails_are_off_as_a_stream():
    assert [each.name for each in V5_STREAMS if not each.selected_by_default] == [
        "list_email_lists"
    ]


def test_values_of_version_5_become_those_of_versions_3_and_4():
    values = {name: stream.v5_values for name, stream in ALL.items() if stream.v5_values}

    assert values == {
        "email_templates": {"type": {"text": 0, "html": 1, "htmlandtext": 2}},
        "opportunities": {"status": {"won": "Won", "lost": "Lost", "open": "Open"}},
        "engagement_studio_programs": {"status": {}},
    }


def test_only_the_request_says_whether_a_visitor_is_deleted():
    computed = {name: stream.v5_computed for name, stream in ALL.items() if stream.v5_computed}

    assert computed == {"visitors": {"is_deleted"}}


def test_columns_that_are_another_field_of_version_5_say_so():
    assert {name for name, stream in ALL.items() if "is_archived" in stream.v5_notes} == {
        "prospects",
        "email_templates",
    }


def test_the_lists_of_a_list_email_are_a_row_each():
    list_email = {
        "id": 7,
        "updatedAt": "2026-11-01T10:00:00+01:00",
        "recipientLists": [{"id": 1, "name": "Customers"}, {"id": 2}],
        "suppressionLists": [3],
    }

    rows = list(lists_of(list_email))

    assert {(row["list_email_id"], row["list_id"], row["role"]) for row in rows} == {
        (7, 1, "recipient"),
        (7, 2, "recipient"),
        (7, 3, "suppression"),
    }
    assert {row["list_email_updated_at"] for row in rows} == {"2026-11-01T10:00:00+01:00"}
    assert all(set(row) == set(ALL["list_email_lists"].schema["properties"]) for row in rows)


@pytest.mark.parametrize("empty", [None, [], ""])
def test_a_list_email_without_lists_has_no_rows(empty):
    assert list(lists_of({"id": 7, "recipientLists": empty})) == []


@pytest.mark.parametrize("stream", V5_STREAMS, ids=lambda stream: stream.name)
def test_a_stream_of_version_5_is_nothing_but_a_declaration(stream):
    allowed = {"name", "v5", "v5_off", "v5_values", "primary_keys", "replication_key", "schema"}
    own = {name for name in vars(stream) if not name.startswith("_")}

    assert own <= allowed | {"selected_by_default"}
    assert stream.__doc__
