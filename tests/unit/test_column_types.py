"""What a catalog's declaration of a column makes of the stream's own values."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from tap_pardot.records.column_types import (
    Mismatch,
    conversions,
    converted,
    declared_kind,
    without_invalid_keywords,
)
from tap_pardot.records.values import Timestamp

TEXT, DATE = {"type": "string"}, {"type": "string", "format": "date"}
TIME = {"type": ["string", "null"], "format": "date-time"}
INTEGER, NUMBER, BOOLEAN = {"type": "integer"}, {"type": "number"}, {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}
INTEGERS = {"type": "array", "items": INTEGER}
OBJECT = {"type": "object", "properties": {"a": INTEGER, "b": TEXT}}
OBJECTS = {"type": "array", "items": OBJECT}
AT = "2024-05-20T22:30:00+00:00"


def emit(own, catalog, value):
    """Return what is emitted of a value, and how many values did not convert."""
    conversion_errors = Counter()
    timestamp = Timestamp(ZoneInfo("America/New_York"))
    found = conversions({"c": own}, {"c": catalog}, ["c"], timestamp, conversion_errors)
    return converted({"c": value}, found)["c"], conversion_errors.total()


@pytest.mark.parametrize(
    ("own", "catalog", "value", "emitted"),
    [
        (TIME, TEXT, AT, AT),
        (TIME, DATE, AT, "2024-05-20"),
        (DATE, TIME, "2024-05-20", "2024-05-20T00:00:00+00:00"),
        (DATE, TEXT, "2024-05-20", "2024-05-20"),
        (TEXT, DATE, "2024-05-20 10:00:00", "2024-05-20"),
        (TEXT, TIME, "2024-05-20", "2024-05-20T00:00:00+00:00"),
        (TEXT, TIME, "2024-05-20 10:00:00", "2024-05-20T14:00:00+00:00"),
        (TEXT, INTEGER, "02190", 2190),
        (TEXT, NUMBER, "98.42%", 98.42),
        (TEXT, BOOLEAN, "true", True),
        (INTEGER, TEXT, 7, "7"),
        (INTEGER, NUMBER, 7, 7),
        (INTEGER, BOOLEAN, 1, True),
        (NUMBER, INTEGER, 7.0, 7),
        (BOOLEAN, TEXT, False, "false"),
        (BOOLEAN, INTEGER, True, 1),
        (TEXTS, TEXT, ["a", "\u00fc"], '["a","\u00fc"]'),
        (OBJECTS, TEXT, [{"a": 1}], '[{"a":1}]'),
        (TEXTS, INTEGERS, ["1", None], [1, None]),
        (OBJECTS, TEXTS, [{"a": 1}], ['{"a":1}']),
        (OBJECT, {"type": "object"}, {"a": 1}, {"a": 1}),
        (TIME, {}, AT, AT),
        (TIME, {"format": {}}, AT, AT),
        (TIME, {"type": {}}, AT, AT),
        (TIME, {"type": "null"}, AT, AT),
        (TIME, {"type": "string", "format": {}}, AT, AT),
        (TIME, {"oneOf": [{"allOf": [DATE]}, {"type": "null"}]}, AT, "2024-05-20"),
        (TIME, None, AT, AT),
    ],
)
def test_a_value_is_emitted_as_the_catalog_declares_it(own, catalog, value, emitted):
    found = emit(own, catalog, value)

    assert found == (emitted, 0)
    assert type(found[0]) is type(emitted)
    assert emit(own, catalog, None) == (None, 0)


@pytest.mark.parametrize(
    ("own", "catalog", "value", "emitted"),
    [
        (TIME, INTEGER, AT, None),
        (TIME, BOOLEAN, AT, None),
        (TEXT, INTEGER, "many", None),
        (TEXT, INTEGER, "1.5", None),
        (TEXT, DATE, "soon", None),
        (TEXT, TIME, "2024-13-40", None),
        (NUMBER, INTEGER, 7.5, None),
        (INTEGER, BOOLEAN, 7, None),
        (INTEGER, TIME, 7, None),
        (BOOLEAN, DATE, True, None),
        (TEXTS, NUMBER, ["1"], None),
        (TEXTS, INTEGERS, ["1", "x"], [1, None]),
        (OBJECT, {"type": "object", "properties": {"b": INTEGER}}, {"b": "x"}, {"b": None}),
    ],
)
def test_what_does_not_convert_becomes_null_and_is_counted(own, catalog, value, emitted):
    assert emit(own, catalog, value) == (emitted, 1)


@pytest.mark.parametrize(
    ("own", "catalog"),
    [
        (TEXT, TEXTS),
        (TIME, OBJECT),
        (INTEGER, {"type": ["null", "array"]}),
        (TEXTS, OBJECT),
        (OBJECT, TEXTS),
        (OBJECTS, {"type": "array", "items": TEXTS}),
        (OBJECTS, {"type": "array", "items": {"properties": {"a": TEXTS}, "type": "object"}}),
        (BOOLEAN, {"oneOf": [OBJECT, {"type": "null"}]}),
    ],
)
def test_structures_and_scalars_do_not_mix(own, catalog):
    with pytest.raises(Mismatch, match=r"column c is an? "):
        emit(own, catalog, None)


def test_a_catalog_equal_to_the_streams_schema_changes_no_record():
    own = {"a": TIME, "b": TEXTS, "c": OBJECTS, "d": INTEGER}

    assert conversions(own, own, own, str, Counter()) == {}


@pytest.mark.parametrize(
    ("definition", "own", "kind"),
    [
        ({"type": ["string", "integer"]}, "integer", "integer"),
        ({"type": ["number", "string"]}, "timestamp", "string"),
        ({"type": ["number", "boolean"]}, "timestamp", "number"),
        ({"anyOf": [{"type": "number"}, DATE]}, "timestamp", "date"),
        ({"anyOf": [OBJECT, INTEGER]}, "boolean", "integer"),
        ({"anyOf": [TIME, {"type": ["string", "null"]}]}, "timestamp", "timestamp"),
        ({"anyOf": [DATE, TEXT]}, "timestamp", "string"),
        ({"anyOf": "wrong"}, "timestamp", "timestamp"),
    ],
)
def test_among_alternatives_the_own_kind_is_preferred_then_text(definition, own, kind):
    assert declared_kind(definition, own) == kind


def test_formats_that_are_no_strings_are_taken_out_at_any_depth():
    odd = {"type": "string", "format": {}}
    schema = {
        "properties": {
            "format": {"type": "string", "format": None},
            "a": odd,
            "b": {"type": "array", "items": odd},
            "c": {"anyOf": [odd, TIME]},
            "d": {"properties": {"format": odd}},
        }
    }

    assert without_invalid_keywords(schema) == {
        "properties": {
            "format": TEXT,
            "a": TEXT,
            "b": TEXTS,
            "c": {"anyOf": [TEXT, TIME]},
            "d": {"properties": {"format": TEXT}},
        }
    }
