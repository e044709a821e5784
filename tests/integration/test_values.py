"""A value of an answer arrives as Pardot sent it, or a warning says what was changed."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

pytestmark = pytest.mark.usefixtures("queries_only")


@pytest.fixture
def account(emulator):
    emulator.set(clock="2024-06-01T12:00:00+00:00")
    return emulator


def records_of(run, stream):
    """Return a stream's records, numbers as they were written."""
    lines = (json.loads(line, parse_float=Decimal) for line in run.stdout.splitlines())
    return [each["record"] for each in lines if each.get("stream") == stream and "record" in each]


def page(key, *rows):
    """Return the answer of a query as text; a row is JSON without its braces."""
    rows = ",".join("{%s}" % each for each in rows)  # noqa: UP031
    return f'{{"@attributes":{{"stat":"ok"}},"result":{{"total_results":1,"{key}":[{rows}]}}}}'


def answers(emulator, name, body):
    emulator.fault(object=name, op="query", times=None, body=body)


# --- numbers ---------------------------------------------------------------------------------

LONG_NUMBERS = [
    "12345678901234567890",
    "9007199254740993",
    "-12345678901234567.89",
    "0.1234567890123456789",
    "123456789012345678901234567890.12",
    "1.00000000000000000001",
    "1.2345678901234567890e10",
]
MODES = {
    "as they are": {},
    "stream maps": {"stream_maps": {"opportunities": {"same": "value", "twice": "value*2.0"}}},
    "flattening": {"flattening_enabled": True, "flattening_max_depth": 2},
}


@pytest.mark.parametrize("mode", MODES)
def test_a_long_number_keeps_its_digits_through_every_way_of_writing(account, tap, mode):
    rows = [f'"id":{n},"value":{text}' for n, text in enumerate(LONG_NUMBERS, start=1)]
    answers(account, "opportunity", page("opportunity", *rows))

    finished = tap.run({**account.config, **MODES[mode]})

    found = [Decimal(record["value"]) for record in records_of(finished, "opportunities")]
    assert found == [Decimal(text) for text in LONG_NUMBERS]
    assert "became null" not in finished.stderr


@pytest.mark.parametrize(
    "text", ["2024", "1.50", "12345678901234567890", "1e5", "1.0E+25", "0.0000001", "-0.0"]
)
def test_a_text_that_comes_as_a_number_keeps_its_spelling(account, tap, text):
    answers(account, "opportunity", page("opportunity", f'"id":1,"name":{text}'))
    finished = tap.run(account.config)
    assert [record["name"] for record in records_of(finished, "opportunities")] == [text]


@pytest.mark.parametrize("text", ["1e400", "-1e999999999", "1e99999999999999999999", "1e-400"])
def test_a_number_that_no_warehouse_holds_is_null_and_counted(account, tap, text):
    answers(account, "opportunity", page("opportunity", f'"id":1,"value":{text}'))
    finished = tap.run(account.config)
    assert finished.exit_code == 0
    assert [record["value"] for record in records_of(finished, "opportunities")] == [None]
    assert "opportunities.value: 1 value did not fit" in finished.stderr


# --- texts -----------------------------------------------------------------------------------


def changed(run):
    """Return by stream.column the number of texts that a warning reports as changed."""
    found = re.findall(r"(\w+\.[\w.]+): (\d+) values? (?:was|were) changed", run.stderr)
    return {column: int(number) for column, number in found}


ODD_TEXTS = [
    (rb'"one\u0000two"', "onetwo"),
    (rb'"\u0000\u0000"', ""),
    (b'"caf\xe9"', "caf\ufffd"),
    (b'"M\xfcnchen \xf0\x9f\x98"', "M\ufffdnchen \ufffd"),
    (b'"\xed\xa0\x80"', "\ufffd\ufffd\ufffd"),
    (rb'"half \ud83d"', "half \ufffd"),
    (rb'"\ude00 half"', "\ufffd half"),
    (b'"raw\x00NUL"', "rawNUL"),
    (b'"caf\xe9 \\u0000 \\ud83d\\ude00 \xef\xbf\xbd"', "caf\ufffd  \U0001f600 \ufffd"),
]


@pytest.mark.parametrize(("sent", "text"), ODD_TEXTS)
def test_a_text_that_a_warehouse_refuses_is_repaired_and_counted(account, tap, sent, text):
    body = page("list", '"id":1,"name":HERE,"title":"fine"').encode().replace(b"HERE", sent)
    answers(account, "list", body)

    finished = tap.run(account.config)

    assert finished.exit_code == 0
    assert records_of(finished, "lists")[0]["name"] == text
    assert records_of(finished, "lists")[0]["title"] == "fine"
    assert changed(finished) == {"lists.name": 1}
    assert "PostgreSQL" in finished.stderr


@pytest.mark.parametrize(
    "sent", ["\ufffd", "caf\u00e9", "\U0001f600", "back\\\\u0000slash", "a\\tb", "\\ud83d\\ude00"]
)
def test_a_text_that_is_right_is_never_counted(account, tap, sent):
    answers(account, "list", page("list", f'"id":1,"name":"{sent}"').encode())
    finished = tap.run(account.config)
    assert records_of(finished, "lists")[0]["name"] == json.loads(f'"{sent}"')
    assert changed(finished) == {}


def test_texts_inside_objects_and_arrays_are_counted_by_their_column(account, tap):
    inner = r'"prospects":{"prospect":[{"id":1,"email":"a\u0000@x"},{"id":2,"email":"b\ud83d@x"}]}'
    row = r'"id":1,"campaign":{"id":5,"name":"x\u0000"},"status":"\u0000w",' + inner
    answers(account, "opportunity", page("opportunity", row))

    finished = tap.run(account.config)

    (record,) = records_of(finished, "opportunities")
    assert [each["email"] for each in record["prospects"]] == ["a@x", "b\ufffd@x"]
    assert (record["campaign_id"], record["status"]) == (5, "w")
    assert changed(finished) == {
        "opportunities.prospects.email": 2,
        "opportunities.campaign_name": 1,
        "opportunities.status": 1,
    }


def test_a_name_of_a_key_with_such_characters_harms_nothing(account, tap):
    body = page("list", r'"id":1,"na\u0000me":"x","name":"right","\ud83d":2,"title":"a\u0000"')
    answers(account, "list", body)
    finished = tap.run(account.config)
    assert finished.exit_code == 0
    assert records_of(finished, "lists")[0]["name"] == "right"
    assert changed(finished) == {"lists.title": 1}


def test_times_and_numbers_inside_such_texts_are_read(account, tap):
    row = r'"id":1,"name":"x","created_at":"2024-03-05 10:00:00\u0000"'
    answers(account, "list", page("list", row))
    answers(account, "opportunity", page("opportunity", r'"id":1,"value":"12.5\u0000"'))
    finished = tap.run(account.config)
    assert records_of(finished, "lists")[0]["created_at"] == "2024-03-05T15:00:00+00:00"
    assert records_of(finished, "opportunities")[0]["value"] == Decimal("12.5")
    assert changed(finished) == {"lists.created_at": 1, "opportunities.value": 1}


# --- encodings and depth ---------------------------------------------------------------------

ENCODINGS = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_answer_may_have_a_byte_order_mark_or_be_utf_16(account, tap, encoding):
    text = page("list", '"id":1,"name":"M\u00fcnchen \U0001f600","title":1.50')
    answers(account, "list", text.encode(encoding))
    finished = tap.run(account.config)
    assert finished.exit_code == 0
    record = records_of(finished, "lists")[0]
    assert (record["name"], record["title"]) == ("M\u00fcnchen \U0001f600", "1.50")
    assert changed(finished) == {}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_an_error_code_is_read_in_every_encoding(account, tap, encoding):
    body = '{"@attributes":{"stat":"fail","version":1,"err_code":49},"err":"Access Denied"}'
    answers(account, "list", body.encode(encoding))
    finished = tap.run(account.config)
    assert finished.exit_code == 0
    assert re.search(r"lists: .*skipped", finished.stderr)


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("levels", [100, 500, 5000, 100_000])
def test_an_answer_that_is_nested_too_deeply_is_no_data(account, tap, opening, levels):
    closing = "]" if opening == "[" else "}"
    deep = opening * levels + "1" + closing * levels
    answers(account, "list", page("list", f'"id":1,"name":{deep}'))
    answers(account, "tag", page("tag", '"id":1,"name":"fine"'))

    finished = tap.run(account.config)

    assert finished.exit_code == 1
    assert records_of(finished, "lists") == []
    assert [record["name"] for record in records_of(finished, "tags")] == ["fine"]
    assert re.search(r"lists: .*not the JSON that Pardot's API sends", finished.stderr)
