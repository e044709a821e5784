"""Quirks of answers: numbers where strings were stored, one or many, missing keys."""

from xml.etree import ElementTree as ET

import pytest

from pardot_emulator import wire


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("15555555555", 15555555555),
        ("2024", 2024),
        ("0", 0),
        ("-5", -5),
        ("1.50", 1.5),
        ("1e5", 100000.0),
        ("9223372036854775808", 9223372036854775808.0),
        *((text, text) for text in ("02190", "007", "", "-", "1.", ".5", "+1", "1,5", " 1", "٣")),
        *((text, text) for text in ("1e999", "0x1F", "2024-01-01", "1_000", "12 Main St", "00")),
    ],
)
def test_a_string_that_looks_like_a_number_becomes_one_but_leading_zeros_stay(text, number):
    got = wire.as_number(text)
    assert got == number
    assert type(got) is type(number)


def test_the_switch_limits_the_quirk_to_integers_or_ends_it():
    assert wire.as_number("1.50", "integers") == "1.50"
    assert wire.as_number("2024", "integers") == 2024
    assert wire.as_number("2024", "none") == "2024"


def test_one_is_an_object_many_are_a_list_and_none_is_null():
    assert wire.one_or_many([]) is None
    assert wire.one_or_many([{"id": 1}]) == {"id": 1}
    assert wire.one_or_many([1, 2]) == [1, 2]


def test_an_empty_result_is_null_in_bulk_and_has_a_total_elsewhere():
    assert wire.query_result("list", [], None) == {"result": None}
    assert wire.query_result("list", [], 0) == {"result": {"total_results": 0}}
    assert wire.query_result("list", [{"id": 1}], None) == {"result": {"list": {"id": 1}}}


def test_xml_repeats_elements_escapes_text_and_drops_what_xml_forbids():
    body = {"result": {"total_results": 2, "list": [{"id": 1, "x": None}, {"t": "a<&\r\x01é"}]}}
    root = ET.fromstring(wire.to_xml({**body, "flag": True}))
    assert root.attrib == {"stat": "ok", "version": "1.0"}
    assert root.findtext("result/total_results") == "2"
    assert [element.tag for element in root.find("result")] == ["total_results", "list", "list"]
    assert root.find("result/list/x").text is None
    assert root.findtext("result/list[2]/t") == "a<&\ré"
    assert root.findtext("flag") == "true"


def test_an_error_has_the_shape_seen_in_the_wild_in_json_and_the_documented_one_in_xml():
    assert wire.error_json(184, "x") == (
        b'{"@attributes":{"stat":"fail","version":1,"err_code":184},"err":"x"}'
    )
    root = ET.fromstring(wire.error_xml(71, "<x>"))
    assert root.get("stat") == "fail"
    assert (root.find("err").get("code"), root.findtext("err")) == ("71", "<x>")
