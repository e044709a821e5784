"""Custom fields become columns: names and types are what a warehouse is built on."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tap_pardot.records import custom_fields
from tap_pardot.records.block import records_of
from tap_pardot.records.decoder import Decoder, kind_of
from tap_pardot.records.numbers import Number
from tap_pardot.records.values import ConversionError, Timestamp, to_date

STANDARD = ("id", "score", "first_name", "is_deleted")
SEVERAL = ["array", "null"]


def field(name, type_id=1, type_name="Text", **more):
    return {"field_id": name, "name": f"The {name}", "type": type_name, "type_id": type_id, **more}


def columns(*rows, computed=("is_deleted",)):
    return custom_fields.columns(custom_fields.of_prospects(rows), STANDARD, computed)


@pytest.mark.parametrize(
    ("type_id", "type_name", "expected"),
    [
        *((number, "", "string") for number in (1, 2, 4, 5, 7, 9, 10, 11, 13, 14, 15)),
        *((3, "", "array"), (6, "", "array"), (8, "", "number"), (12, "", "date")),
        # Where the number is missing or a text, the name decides, in any case.
        *((None, "multi-select", "array"), (None, "CHECKBOX", "array"), (None, "Date", "date")),
        *(("8", "", "number"), (None, "Number", "number"), (None, None, "string")),
    ],
)
def test_types_are_those_of_the_reference(type_id, type_name, expected):
    schemas, _ = columns(field("X", type_id, type_name))

    assert kind_of(schemas["x"]) == expected
    assert "null" in schemas["x"]["type"]


@pytest.mark.parametrize("flag", [True, 1, "true", "1"])
def test_a_field_that_keeps_several_answers_is_an_array_whatever_its_type(flag):
    schemas, _ = columns(field("X", 8, "Number", is_record_multiple_responses=flag))

    assert schemas["x"]["type"] == SEVERAL
    assert schemas["x"]["items"] == {"type": ["string", "null"]}


def test_names_are_snake_case_and_never_those_of_a_standard_column():
    schemas, names = columns(
        field("Attended_Event"),
        field("favouriteColour"),
        field("Score"),  # another field than the standard one
        field("firstName"),
        field("is_deleted"),  # a column that Pardot does not send is no field of it
        field("score"),  # the standard field itself
        field("attended_event"),  # differs from the first in case alone
    )

    assert names == {
        "attended_event": ("Attended_Event",),
        "favourite_colour": ("favouriteColour",),
        "score_custom": ("Score",),
        "first_name_custom": ("firstName",),
        "is_deleted_custom": ("is_deleted",),
        "attended_event_custom": ("attended_event",),
    }
    assert schemas["score_custom"]["description"] == (
        "The Score (custom field Score). Renamed, since its name was taken."
    )
    assert schemas["attended_event"]["description"] == (
        "The Attended_Event (custom field Attended_Event)."
    )


def test_a_field_without_a_usable_name_is_left_out_and_a_duplicate_is_one_column():
    rows = [field(None), field(""), field({"a": 1}), field("A"), field("A")]

    assert list(columns(*rows)[0]) == ["a"]


def test_describe_may_list_one_field_or_several():
    one = {"@attributes": {"id": "Founded_On", "label": "Founded", "type": "date"}}
    plain = {"id": "Revenue", "label": "Revenue", "type": "number"}

    assert [each.api_name for each in custom_fields.of_accounts(one)] == ["Founded_On"]
    kinds = [kind_of(each.schema) for each in custom_fields.of_accounts([one, plain, "?", {}])]
    assert kinds == ["date", "number"]


@pytest.mark.parametrize(
    ("value", "several", "expected"),
    [
        ({"value": ["a", "b"]}, True, ["a", "b"]),
        ({"value": "a"}, True, "a"),
        ({"value": "a"}, False, "a"),
        ({"value": None}, False, None),
        ({}, False, None),
        ("a;b", False, "a;b"),
        # A column of one text gets what an export would have sent.
        ({"value": ["a", 7, None, Number("1.50"), True]}, False, "a;7;1.50;true"),
        ([], False, None),
    ],
)
def test_a_value_of_a_query_is_taken_out_of_its_wrapping(value, several, expected):
    assert custom_fields.field_value(value, several=several) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-02-29", "2024-02-29"),
        (" 2024-02-29 ", "2024-02-29"),
        ("2024-02-29 00:00:00", "2024-02-29"),
        ("2024-02-29T23:59:59Z", "2024-02-29"),
        ("", None),
    ],
)
def test_a_date_is_a_date_and_never_moved_by_a_zone(value, expected):
    assert to_date(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("2023-02-29", "0000-00-00", "29.02.2024", "20240229", "2024-W09-4", "soon"),
        *("\u0662\u0660\u0662\u0664-02-29", "2024-02-29 soon", 20240229, True, [], {}),
    ],
)
def test_an_invalid_date_is_a_conversion_error(value):
    with pytest.raises(ConversionError):
        to_date(value)


def test_cells_are_decoded_as_the_same_texts_in_json_would_be():
    kinds = {
        "text": {"type": ["string", "null"]},
        "other": {"type": ["string", "null"]},
        "integer": {"type": ["integer", "null"]},
        "number": {"type": ["number", "null"]},
        "boolean": {"type": ["boolean", "null"]},
        "date": {"type": ["string", "null"], "format": "date"},
        "time": {"type": ["string", "null"], "format": "date-time"},
    }
    texts = [None, "x", "1", "0", "true", " FALSE ", "12.5", "1e3", "98.42%", "-3", "1.", "."]
    texts += ["007", "9" * 14, "9" * 15, "9" * 25, "1.234567890123456", "nan", "inf", "1_000", "²"]
    texts += ["2024-02-29", "2024-05-01 10:00:00", "2024-13-01 10:00:00", "a;b"]
    for columns in (tuple(kinds), ("text", "number"), ("number",)):
        schema = {"properties": {name: kinds[name] for name in columns}}
        both = [Decoder(schema, Timestamp(ZoneInfo("America/New_York"))) for _ in range(2)]
        of_cells = both[0].for_cells(columns[::-1])
        for text in texts:
            row = dict.fromkeys(columns, text)

            (record,) = records_of(of_cells([[text] for text in row.values()]))
            assert record == both[1](row)
            assert list(record) == list(columns)
        assert set(both[0].conversion_errors) == set(both[1].conversion_errors)


def test_a_field_does_not_lend_its_value_to_a_column_of_nearly_its_name():
    found, names = columns(field("firstName"), field("Foo"), field("foo"))
    text = {"type": ["string", "null"]}
    decode = Decoder(
        {"properties": {"id": {"type": ["integer"]}, "first_name": text, **found}},
        Timestamp(ZoneInfo("UTC")),
        api_names=names,
    )
    row = {"id": 1, "first_name": None, "firstName": "a", "Foo": None, "foo": "b"}
    expected = {
        "id": 1,
        "first_name": None,
        "first_name_custom": "a",
        "foo": None,
        "foo_custom": "b",
    }

    assert decode(row) == expected
    cells = [[value] for value in row.values()]
    assert [*records_of(decode.for_cells(tuple(row))(cells))] == [expected]
