"""Pardot writes one thing in many shapes (reference A.6); a value lost or bent here is lost."""

from __future__ import annotations

import copy
import json
import pickle
from collections import Counter
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk import typing as th

from tap_pardot.api import v4_answers
from tap_pardot.api.http import Response
from tap_pardot.records.block import records_of
from tap_pardot.records.decoder import Decoder, kind_of
from tap_pardot.records.numbers import Number
from tap_pardot.records.repair import Repaired
from tap_pardot.records.values import (
    ConversionError,
    Timestamp,
    as_list,
    camel_case,
    snake_case,
    to_boolean,
    to_integer,
    to_number,
    to_string,
)
from tap_pardot.sdk.writer import BufferedWriter
from tap_pardot.streams.assets import CustomRedirects, DynamicContents, Forms
from tap_pardot.streams.lists import Lists
from tap_pardot.streams.opportunities import Opportunities

TIMESTAMP = Timestamp(ZoneInfo("America/New_York"))
LARGEST = 2**63 - 1
WRONG = object()


def decoder(*columns: tuple[str, type[th.JSONTypeHelper]], **options) -> Decoder:
    schema = th.PropertiesList(*(th.Property(name, kind) for name, kind in columns)).to_dict()
    return Decoder(schema, TIMESTAMP, **options)


def decoder_of(stream: type, **options) -> Decoder:
    return Decoder(stream.schema, TIMESTAMP, api_names=stream.api_names, **options)


def read(body: str | bytes) -> dict:
    """Decode JSON as the tap does."""
    return v4_answers.parse_response(
        Response(200, {}, body if isinstance(body, bytes) else body.encode())
    )


def shown(convert, value):
    try:
        return convert(value)
    except ConversionError:
        return WRONG


# --- one value -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("02190", "02190"),
        ("", ""),
        (2024, "2024"),
        (15555555555, "15555555555"),
        (-1, "-1"),
        (Number("1.50"), "1.50"),
        (Number("0.10"), "0.10"),
        (Number("1e5"), "1e5"),
        (Number("0.0000001"), "0.0000001"),
        (12345678901234567890, "12345678901234567890"),
        (1.5, "1.5"),
        (10**30, "1" + "0" * 30),
        (True, "true"),
        (False, "false"),
        ([], WRONG),
        ({}, WRONG),
        ({"value": "x"}, WRONG),
        (["a"], WRONG),
    ],
)
def test_a_declared_string_is_a_string_whatever_pardot_wrote(value, text):
    assert shown(to_string, value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        ("7", 7),
        (" 7 ", 7),
        (7.0, 7),
        (Number("7.00"), 7),
        ("7e2", 700),
        ("-7", -7),
        (LARGEST, LARGEST),
        (str(-LARGEST), -LARGEST),
        ("", None),
        (LARGEST + 1, WRONG),
        (str(LARGEST + 1), WRONG),
        (7.5, WRONG),
        ("7.5", WRONG),
        ("1e-400", WRONG),
        ("1e-999999999", WRONG),
        ("1e400", WRONG),
        (Number("1e400"), WRONG),
        (Number("1e29"), WRONG),
        (10**400, WRONG),
        ("9" * 5000, WRONG),
        ("1_000", WRONG),
        ("NaN", WRONG),
        ("Infinity", WRONG),
        (float("nan"), WRONG),
        (float("inf"), WRONG),
        (Number("NaN"), WRONG),
        (" ", WRONG),
        ("seven", WRONG),
        (True, WRONG),
        (False, WRONG),
        ([], WRONG),
        ({}, WRONG),
        ([0, [7], 0], WRONG),  # what the constructor of Decimal would read as 7
        ((0, (7,), 0), WRONG),
    ],
)
def test_an_integer_is_whole_and_fits_a_warehouse(value, number):
    assert shown(to_integer, value) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (5.5, 5.5),
        (Number("5.50"), 5.5),
        ("98.42%", 98.42),
        ("0%", 0),
        ("0.0%", 0.0),
        (" 98.5 % ", 98.5),
        ("12.5", 12.5),
        ("", None),
        ("7", 7),
        ("-7", -7),
        ("1.50", 1.5),
        ("1E+25", 1e25),
        ("-0.0", -0.0),
        ("5.", 5.0),
        (".5", 0.5),
        (10**30, 10**30),
        ("9007199254740993", 9007199254740993),
        ("-12345678901234567890", -12345678901234567890),
        (Number("1e400"), WRONG),
        ("1e400", WRONG),
        ("1e-400", WRONG),
        (Number("1e-999999999"), WRONG),
        (Number("1e99999999999999999999"), WRONG),
        ("9" * 400, WRONG),
        ("1,234.5", WRONG),
        ("1_000", WRONG),
        ("5%%", WRONG),
        (10**400, WRONG),
        ("NaN", WRONG),
        ("Infinity", WRONG),
        (float("nan"), WRONG),
        ("%", WRONG),
        ("n/a", WRONG),
        (True, WRONG),
        ([], WRONG),
        ({}, WRONG),
        ([0, [7], 0], WRONG),
    ],
)
def test_a_number_is_finite_and_a_rate_loses_its_sign(value, number):
    assert shown(to_number, value) == number
    assert type(shown(to_number, value)) is type(number)


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("-12345678901234567.89", "-12345678901234567.89"),
        ("+.12345678901234567891", "0.12345678901234567891"),
        ("98.4212345678901234567%", "98.4212345678901234567"),
        ("1.2345678901234567890e10", "12345678901.234567890"),
        ("1.2345678901234567890123E+30", "1.2345678901234567890123E+30"),
        ("9007199254740993.0", "9007199254740993.0"),
    ],
)
def test_a_number_that_a_float_would_round_keeps_its_digits(written, digits):
    number = to_number(written)

    assert isinstance(number, float)  # stream maps calculate with it
    assert BufferedWriter().serialize_message(Written(number)) == f'{{"n":{digits}}}'.encode()
    assert json.loads(digits) == number


class Written:
    """A message of one number."""

    def __init__(self, number):
        self.number = number

    def to_dict(self):
        return {"n": self.number}


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.integers().map(Decimal))
def test_no_number_loses_a_digit(number):
    for value in (str(number), Number(str(number))):
        found = shown(to_number, value)
        if found is WRONG:
            assert float(number) in {0.0, float("inf"), -float("inf")}
        else:
            line = BufferedWriter().serialize_message(Written(found))
            assert json.loads(line, parse_float=Decimal, parse_int=Decimal)["n"] == number


@pytest.mark.parametrize(
    ("value", "truth"),
    [
        *(
            (each, True)
            for each in (True, 1, 1.0, Number("1.0"), "1", "true", "True", "TRUE", " tRuE ")
        ),
        *((each, False) for each in (False, 0, 0.0, Number("0.0"), "0", "false", "False", "FALSE")),
        ("", None),
        *((each, WRONG) for each in (2, -1, "yes", "on", "2", " ", [], {}, [True], Number("NaN"))),
        (float("nan"), WRONG),
        (Number("Infinity"), WRONG),
    ],
)
def test_a_boolean_is_read_from_every_spelling(value, truth):
    assert shown(to_boolean, value) is truth


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        ("2024-07-01 12:00:00", "2024-07-01T16:00:00+00:00"),
        ("2024-07-01", "2024-07-01T04:00:00+00:00"),
        ("2024-07-01T12:00:00Z", "2024-07-01T12:00:00+00:00"),
        ("", None),
        *(
            (each, WRONG)
            for each in (
                "0000-00-00 00:00:00",
                "0000-00-00",
                "2024-13-01 00:00:00",
                "2024-02-30 00:00:00",
                "2024-01-01 24:59:59",
                "2024-01-01 00:00:60",
                "9999-12-31 23:59:59",  # in UTC beyond the calendar
                "today",
                " ",
                "\ud800" * 19,
                20240701,
                True,
                [],
                {},
            )
        ),
    ],
)
def test_a_time_is_utc_or_a_conversion_error(value, utc):
    assert shown(TIMESTAMP, value) == utc


# --- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api", "column"),
    [
        ("embedCode", "embed_code"),
        ("createdAt", "created_at"),
        ("isOneToOne", "is_one_to_one"),
        ("address1", "address1"),
        ("id", "id"),
    ],
)
def test_names_go_from_camel_case_to_snake_case_and_back(api, column):
    assert snake_case(api) == column
    assert camel_case(column) == api


@pytest.mark.parametrize(
    ("many", "rows"),
    [
        (None, []),
        ("", []),
        ([], []),
        ({"id": 1}, [{"id": 1}]),
        ([{"id": 1}, {"id": 2}], [{"id": 1}, {"id": 2}]),
        (0, [0]),
    ],
)
def test_one_or_many_is_always_a_list(many, rows):
    assert as_list(many) == rows


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["string", "null"]}, "string"),
        ({"type": ["null", "string"], "format": "date-time"}, "timestamp"),
        ({"type": ["integer", "null"]}, "integer"),
        ({"type": ["string", "integer"]}, ""),
        ({}, ""),
    ],
)
def test_the_kind_of_a_column_comes_from_its_schema(declared, kind):
    assert kind_of(declared) == kind


# --- one row -------------------------------------------------------------------------------


def test_a_row_becomes_exactly_the_declared_columns():
    decode = decoder_of(Lists)

    record = decode(
        {
            "id": "7",
            "name": 2024,
            "is_public": 1,
            "isDynamic": "False",
            "title": None,
            "created_at": "2024-01-01 00:00:00",
            "new_key": {"of": "Pardot"},
        }
    )

    assert record == {
        "id": 7,
        "name": "2024",
        "is_public": True,
        "is_dynamic": False,
        "title": None,
        "description": None,
        "is_crm_visible": None,
        "created_at": "2024-01-01T05:00:00+00:00",
        "updated_at": None,
    }
    assert list(record) == list(Lists.schema["properties"])
    assert decode.conversion_errors == {}


def test_only_selected_columns_are_converted_and_emitted():
    decode = decoder_of(Lists, columns=["id", "name"])

    assert decode({"id": 1, "name": 5, "updated_at": "0000-00-00"}) == {"id": 1, "name": "5"}
    assert decode.conversion_errors == {}


def test_a_value_that_does_not_fit_is_null_and_counted_by_column():
    decode = decoder_of(Lists)

    records = [
        decode({"id": 1, "name": {}, "is_public": "yes", "created_at": "0000-00-00 00:00:00"}),
        decode({"id": 2, "name": ["x"], "is_public": None, "created_at": ""}),
    ]

    assert [record["id"] for record in records] == [1, 2]
    assert {(r["name"], r["is_public"], r["created_at"]) for r in records} == {(None, None, None)}
    assert decode.conversion_errors == {"name": 2, "is_public": 1, "created_at": 1}


def test_a_conversion_error_never_holds_the_value():
    with pytest.raises(ConversionError) as caught:
        to_integer("ada@example.com")

    assert "ada" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_an_unknown_key_is_logged_once():
    unknown = []
    decode = decoder_of(Opportunities, columns=["id", "prospects"], on_unknown=unknown.append)

    for _ in range(2):
        decode({"id": 1, "fresh": 1, "value": 5, "prospects": {"prospect": {"id": 1, "vip": True}}})
        decode({"id": 1, "fresh": 1, "other": None})

    assert unknown == ["fresh", "vip", "other"]


def test_rows_with_more_key_sets_than_are_cached_are_decoded_correctly():
    decode = decoder(("id", th.IntegerType), ("name", th.StringType))

    for number in range(1, 2102):
        row = {"id": number, f"custom_{number % 1051}": 1, "name": number}
        assert decode(row) == {"id": number, "name": str(number)}
    assert len(decode._plans) <= 1000


@pytest.mark.parametrize(
    ("row", "redirect"),
    [
        ({"destination_url": "a"}, (None, "a")),
        ({"destination": "a"}, (None, "a")),
        ({"destination_url": "a", "destination": "b"}, (None, "a")),
        ({"destination": "b", "destination_url": "a"}, (None, "a")),
        ({"destination_url": None, "destination": "b"}, (None, "b")),
        ({"destination": None, "destination_url": "a"}, (None, "a")),
        ({"destinationUrl": "c"}, (None, "c")),
        ({"Url": "u"}, ("u", None)),
        ({"Url": "u", "url": None}, ("u", None)),
        ({"Url": "u", "url": "v"}, ("v", None)),
    ],
)
def test_a_column_with_two_names_takes_the_one_that_holds_something(row, redirect):
    record = decoder_of(CustomRedirects)({"id": 1, **row})

    assert (record["url"], record["destination_url"]) == redirect


@pytest.mark.parametrize(
    ("row", "campaign", "conversion_errors"),
    [
        ({"campaign": {"id": 3, "name": 2024}}, (3, "2024"), {}),
        ({"campaign": {"id": "3"}}, (3, None), {}),
        ({"campaign_id": 3}, (3, None), {}),
        ({"campaignId": "3"}, (3, None), {}),
        ({"campaign": None, "campaign_id": 3}, (3, None), {}),
        ({"campaign": {"id": None, "name": None}, "campaign_id": 3}, (3, None), {}),
        ({"campaign": {"id": 4, "name": "W"}, "campaign_id": 3}, (4, "W"), {}),
        ({"campaign": None}, (None, None), {}),
        ({}, (None, None), {}),
        ({"campaign": []}, (None, None), {}),  # PHP's empty object
        ({"campaign": {}}, (None, None), {}),
        ({"campaign": ""}, (None, None), {}),
        ({"campaign": {"id": "x", "name": "W"}}, (None, "W"), {"campaign_id": 1}),
        ({"campaign": 3}, (None, None), {"campaign_id": 1, "campaign_name": 1}),
        ({"campaign": [3]}, (None, None), {"campaign_id": 1, "campaign_name": 1}),
    ],
)
def test_a_campaign_is_flattened_from_every_shape(row, campaign, conversion_errors):
    decode = decoder_of(Forms)

    record = decode({"id": 1, **row})

    assert (record["campaign_id"], record["campaign_name"]) == campaign
    assert decode.conversion_errors == conversion_errors


SMB = {"comparison": "is SMB", "content": "<b>"}
BIG = {"comparison": "is Big", "content": "5"}


@pytest.mark.parametrize(
    ("row", "variations", "conversion_errors"),
    [
        ({"variation": SMB}, [SMB], {}),
        ({"variation": [SMB, BIG]}, [SMB, BIG], {}),
        ({"variation": []}, [], {}),
        ({"variation": {}}, [], {}),
        ({"variation": None}, [], {}),
        ({"variation": ""}, [], {}),
        ({}, [], {}),
        ({"variations": {"variation": [SMB]}}, [SMB], {}),
        ({"variations": {"variation": SMB}}, [SMB], {}),
        ({"variations": {"variation": None}}, [], {}),
        ({"variations": [SMB]}, [SMB], {}),
        ({"variations": SMB}, [SMB], {}),
        ({"variation": None, "variations": [SMB]}, [SMB], {}),
        ({"variation": [], "variations": [SMB]}, [SMB], {}),
        ({"variations": None, "variation": SMB}, [SMB], {}),
        (
            {"variation": [{"comparison": 1, "content": 5}]},
            [{"comparison": "1", "content": "5"}],
            {},
        ),
        (
            {"variation": [{"comparison": [], "content": "x"}]},
            [{"comparison": None, "content": "x"}],
            {"variations.comparison": 1},
        ),
        ({"variation": "text"}, [], {"variations": 1}),
        ({"variations": "text"}, [], {"variations": 1}),
        ({"variation": ["a", SMB, 7, None]}, [SMB], {"variations": 3}),
        ({"variation": [{}, {"unheard": "of"}]}, [], {"variations": 2}),
        ({"variation": [{"variation": SMB}]}, [], {"variations": 1}),
    ],
)
def test_variations_are_an_array_from_every_shape(row, variations, conversion_errors):
    decode = decoder_of(DynamicContents)

    record = decode({"id": 1, **row})

    assert record["variations"] == variations
    assert decode.conversion_errors == conversion_errors


@pytest.mark.parametrize(
    ("prospects", "ids", "conversion_errors"),
    [
        ({"prospect": {"id": 11}}, [11], {}),
        ({"prospect": [{"id": 11}, {"id": "12"}]}, [11, 12], {}),
        ({"prospect": []}, [], {}),
        ({"prospect": None}, [], {}),
        ({"prospect": ""}, [], {}),
        ([], [], {}),
        ({}, [], {}),
        (None, [], {}),
        ([{"id": 11}], [11], {}),
        ({"prospect": {"id": "x", "email": "a@example.com"}}, [None], {"prospects.id": 1}),
        ({"prospect": [7, {"id": 1}]}, [1], {"prospects": 1}),
        ({"prospects": {"id": 11}}, [], {"prospects": 1}),
    ],
)
def test_prospects_of_an_opportunity_are_an_array_from_every_shape(
    prospects, ids, conversion_errors
):
    decode = decoder_of(Opportunities)

    record = decode({"id": 1, "prospects": prospects})

    assert [each["id"] for each in record["prospects"]] == ids
    assert record["opportunity_activities"] == []
    assert decode.conversion_errors == conversion_errors


def test_conversion_errors_inside_arrays_add_up_over_rows():
    decode = decoder_of(Opportunities)

    for _ in range(3):
        decode({"id": 1, "prospects": {"prospect": [{"id": "x"}, {"id": "y"}]}})

    assert decode.conversion_errors == {"prospects.id": 6}


def test_arrays_of_plain_values_convert_each_value():
    decode = decoder(
        ("interests", th.ArrayType(th.StringType)), ("flags", th.ArrayType(th.BooleanType))
    )

    record = decode({"interests": ["a", 7, {}], "flags": "true"})

    assert record == {"interests": ["a", "7"], "flags": [True]}
    assert decode.conversion_errors == {"interests": 1}


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copy_of_a_number_keeps_its_digits(copied):
    assert copied(Number("1.50")).text == "1.50"


def test_repaired_strings_are_counted_where_they_are_emitted():
    decode = decoder_of(Opportunities, columns=["id", "name", "value", "campaign_id", "prospects"])
    odd = Repaired("x")

    record = decode(
        {
            "id": Repaired("7"),
            "name": odd,
            "value": odd,
            "status": odd,  # not selected
            "campaign": {"id": 3, "name": odd},  # nor the name
            "prospects": {"prospect": [{"id": 1, "email": odd}, {"id": 2, "email": "fine"}]},
        }
    )

    assert (record["id"], record["name"], record["value"], record["campaign_id"]) == (
        7,
        "x",
        None,
        3,
    )
    assert decode.repaired == {"id": 1, "name": 1, "prospects.email": 1}
    assert decode.conversion_errors == {"value": 1}
    assert type(record["name"]) is type(record["prospects"][0]["email"]) is str


def test_repaired_strings_of_open_columns_and_lists_are_counted():
    decode = Decoder(
        {"properties": {"any": {}, "all": {"type": "array", "items": {"type": "string"}}}},
        TIMESTAMP,
    )

    record = decode({"any": {"deep": [Repaired("x")]}, "all": [Repaired("y"), "z"]})

    assert record == {"any": {"deep": ["x"]}, "all": ["y", "z"]}
    assert decode.repaired == {"any": 1, "all": 1}
    assert type(record["any"]["deep"][0]) is str


def test_an_open_column_passes_and_stays_json():
    decode = Decoder({"properties": {"any": {}}}, TIMESTAMP)

    assert decode({"any": Number("1.5")}) == {"any": 1.5}
    assert decode({"any": {"x": [1]}}) == {"any": {"x": [1]}}


# --- whole answers, as bytes ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "name", "conversion_errors"),
    [
        (b'{"name": 1.50}', "1.50", {}),
        (b'{"name": 15555555555}', "15555555555", {}),
        (b'{"name": 123456789012345678901234567890}', "123456789012345678901234567890", {}),
        (b'{"name": "a", "name": "b"}', "b", {}),
        (b'{"name": "\\ud83d\\ude00"}', "\N{GRINNING FACE}", {}),
        (b'{"name": "half \\ud83d"}', "half \N{REPLACEMENT CHARACTER}", {}),
        (b'{"name": "caf\xe9"}', "caf\N{REPLACEMENT CHARACTER}", {}),
        (b'{"name": {"value": "x"}}', None, {"name": 1}),
        (b'{"name": []}', None, {"name": 1}),
        (b'{"name": ' + b"[" * 60 + b"]" * 60 + b"}", None, {"name": 1}),
        (b'{"name": null}', None, {}),
    ],
)
def test_a_string_survives_the_way_from_the_wire_to_stdout(body, name, conversion_errors):
    decode = decoder_of(Lists)

    record = decode(read(body))

    assert record["name"] == name
    assert decode.conversion_errors == conversion_errors
    assert json.loads(msgspec.json.encode(record))["name"] == name


def test_numbers_beyond_every_range_cost_only_their_column():
    decode = decoder_of(Opportunities)
    body = b'{"id": 1e400, "value": 1e400, "probability": 1e30, "name": 1e400}'

    record = decode(read(body))

    assert (record["id"], record["value"], record["probability"]) == (None, None, None)
    assert record["name"] == "1e400"
    assert decode.conversion_errors == {"id": 1, "value": 1, "probability": 1}


LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=False).map(str).map(Number),
    st.text(st.characters(), max_size=20),
    st.sampled_from(["true", "0000-00-00 00:00:00", "98.42%", "1e400", "", "2024-01-01 10:00:00"]),
)
JUNK = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "prospect", "visitor_activity"]), inner)
    ),
    max_leaves=6,
)
KEYS = [*sorted(Opportunities.schema["properties"]), "campaign", "unheard_of"]


@given(st.dictionaries(st.sampled_from(KEYS), JUNK))
def test_no_row_is_bad_enough_to_stop_the_run(row):
    decode = decoder_of(Opportunities)
    before = repr(row)

    record = decode(row)

    assert list(record) == list(Opportunities.schema["properties"])
    assert repr(row) == before
    for name, definition in Opportunities.schema["properties"].items():
        assert_fits(record[name], definition)
        # What was there and is not any more, is counted.
        given_value = row.get(name)
        if given_value not in (None, "", [], {}) and record[name] is None:
            assert decode.conversion_errors[name] or isinstance(given_value, dict)


def assert_fits(value, definition):
    kinds = {
        "string": str,
        "timestamp": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    kind = kind_of(definition)
    if kind == "array":
        for item in value:
            assert set(item) == set(definition["items"]["properties"])
            for name, inner in definition["items"]["properties"].items():
                assert_fits(item[name], inner)
    elif value is not None:
        assert isinstance(value, kinds[kind])
        assert kind == "boolean" or not isinstance(value, bool)


@given(st.lists(st.dictionaries(st.sampled_from(["id", "name", "cost"]), LEAF), max_size=8))
def test_every_value_is_emitted_or_counted(rows):
    decode = decoder(("id", th.IntegerType), ("name", th.StringType), ("cost", th.NumberType))

    records = [decode(row) for row in rows]

    lost = Counter(
        name
        for row, record in zip(rows, records, strict=True)
        for name, value in row.items()
        if record[name] is None and value is not None and value != ""
    )
    assert lost == +decode.conversion_errors


@pytest.mark.parametrize(
    ("row", "record"),
    [
        ({"Tea": {"value": "a"}}, {"tea": "a", "cups": None, "kinds": []}),
        ({"Tea": {"value": ["a", "b"]}}, {"tea": "a;b", "cups": None, "kinds": []}),
        ({"Tea": ["a", None, "b"]}, {"tea": "a;b", "cups": None, "kinds": []}),
        ({"Tea": {"value": None}}, {"tea": None, "cups": None, "kinds": []}),
        ({"Tea": {}}, {"tea": None, "cups": None, "kinds": []}),
        ({"Cups": {"value": "1.50"}}, {"tea": None, "cups": 1.5, "kinds": []}),
        ({"Kinds": {"value": ["a", "b"]}}, {"tea": None, "cups": None, "kinds": ["a", "b"]}),
        ({"Kinds": {"value": "a"}}, {"tea": None, "cups": None, "kinds": ["a"]}),
        ({"Kinds": ["a"]}, {"tea": None, "cups": None, "kinds": ["a"]}),
    ],
)
def test_a_custom_field_is_taken_out_of_its_object(row, record):
    names = {"tea": ("Tea",), "cups": ("Cups",), "kinds": ("Kinds",)}
    schema = {
        "properties": {
            "tea": {"type": ["string", "null"]},
            "cups": {"type": ["number", "null"]},
            "kinds": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
        }
    }
    decoder = Decoder(schema, TIMESTAMP, None, names, wrapped=["Tea", "Cups", "Kinds"])

    assert decoder(row) == record
    plain = {"Tea": "plain", "Cups": 2, "Kinds": ["plain"]}
    assert [*records_of(decoder.block([plain, row, plain]))][1] == record
    assert not decoder.conversion_errors
