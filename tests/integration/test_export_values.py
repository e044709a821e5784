"""A value in a file of an export arrives as Pardot wrote it, or a warning says what changed."""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal

import pytest

from tests.helpers.catalog import select
from tests.helpers.exports import QUICK, fill, row

NOW = "2024-06-01T12:00:00+00:00"
MARCH = "2024-03-05T10:00:00+00:00"
WALL = "2024-03-05 05:00:00"
SINCE = {**QUICK, "start_date": "2023-09-01"}


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW, export_seconds=0.01, export_shuffle_rows=False)
    return emulator


@pytest.fixture
def run(tap, no_patience):  # noqa: ARG001
    """Run the tap with a catalog."""
    return lambda account, catalog, **settings: tap.run(
        {**account.config, **SINCE, **settings}, catalog=catalog
    )


def records_of(finished, stream):
    """Return a stream's records by id, numbers as they were written; the last of an id counts."""
    lines = (json.loads(line, parse_float=Decimal) for line in finished.stdout.splitlines())
    ours = (each for each in lines if each["type"] == "RECORD" and each["stream"] == stream)
    return {each["record"]["id"]: each["record"] for each in ours}


def changed(finished):
    """Return by stream.column the number of texts that a warning reports as changed."""
    found = re.findall(r"(\w+\.[\w.]+): (\d+) values? (?:was|were) changed", finished.stderr)
    return {column: int(number) for column, number in found}


def visitors_file(*rows):
    """Return a file of visitors; a row is its cells after id and time, as bytes."""
    lines = [b'%d,"%s",%s\n' % (n, WALL.encode(), cells) for n, cells in enumerate(rows, start=1)]
    return b"id,updated_at,hostname,ip_address\n" + b"".join(lines)


VISITORS = {"visitors": ["hostname", "ip_address"]}


def visitors_of(account, run, body):
    """Read a file of visitors; return what the run brought."""
    fill(account, ["visitors"], [MARCH])
    account.fault(op="download", times=None, body=body)
    return run(account, select("visitors", columns=VISITORS))


def hosts(finished):
    records = records_of(finished, "visitors")
    return [records[number]["hostname"] for number in sorted(records)]


# --- numbers ---------------------------------------------------------------------------------

LONG_NUMBERS = [
    "12345678901234567890",
    "9007199254740993",
    "-1234567890123456",
    "0.1234567890123456789",
    "98.4212345678901234567%",
    "1.50",
    "7",
    "1E+25",
    "123456789012345678901234567890.5",
]


def field(number, name, type_id=1):
    kind = {8: "Number"}.get(type_id, "Text")
    return {"id": number, "field_id": name, "name": name, "type": kind, "type_id": type_id}


@pytest.mark.parametrize("source", ["export", "query"])
@pytest.mark.parametrize("maps", [{}, {"stream_maps": {"prospects": {"double": "cost * 2.0"}}}])
def test_a_long_number_keeps_its_digits(account, run, source, maps):
    account.set(numeric_strings="none")  # else a query's answer has lost them already
    account.add("customField", [field(1, "Cost", 8)])
    rows = [
        row("prospects", n, MARCH, custom={"Cost": text}) for n, text in enumerate(LONG_NUMBERS, 1)
    ]
    account.add("prospect", rows)

    finished = run(account, select("prospects"), bulk_source=source, **maps)

    assert finished.exit_code == 0, finished.stderr
    costs = [Decimal(each["cost"]) for each in records_of(finished, "prospects").values()]
    assert costs == [Decimal(text.rstrip("%")) for text in LONG_NUMBERS]
    assert '"cost":12345678901234567890' in finished.stdout
    assert "became null" not in finished.stderr


@pytest.mark.parametrize("text", ["1e400", "NaN", "Infinity", "1,234,567.5", "1_000", "9" * 400])
def test_what_is_no_number_is_null_and_counted(account, run, text):
    account.add("customField", [field(1, "Cost", 8)])
    account.add("prospect", [row("prospects", 1, MARCH, custom={"Cost": text})])
    finished = run(account, select("prospects"))
    assert finished.exit_code == 0
    assert records_of(finished, "prospects")[1]["cost"] is None
    assert "prospects.cost: 1 value did not fit" in finished.stderr


# --- a backslash before a quote --------------------------------------------------------------

PHP_TEXTS = [
    r"a 5\" nail",
    r"\"",
    r"\"quoted\"",
    r'two \\" of them',
    r"ends in \"",
    'both \\" and "" and \\"""',
    'lines\r\n of \\"\nmany',
    r"before, \", a comma",
    '{"json": "in \\"a\\" cell"}',
    r"C:\dir\file",
]


def by_php(text):
    """Return a cell as fputcsv writes it: a quote behind a backslash is not doubled."""
    return '"' + re.sub(r'(?<!\\)"', '""', text) + '"'


@pytest.mark.parametrize("text", PHP_TEXTS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_file_with_phps_escapes_is_read_by_phps_rule(account, run, text, place):
    texts = ["plain", 'a "word", here', "end"]
    texts[place] = text
    rows = [f'{by_php(each)},"1.2.3.4"'.encode() for each in texts]

    finished = visitors_of(account, run, visitors_file(*rows))

    assert finished.exit_code == 0, finished.stderr
    assert hosts(finished) == texts
    assert {each["ip_address"] for each in records_of(finished, "visitors").values()} == {"1.2.3.4"}
    assert finished.stderr.count("PHP") == ('"' in text and '\\"' in text)
    assert finished.state["bookmarks"]["visitors"]["replication_key_value"]


def test_a_php_escape_in_the_last_cell_is_read(account, run):
    body = visitors_file(*(b'"x",' + by_php(text).encode() for text in PHP_TEXTS))
    finished = visitors_of(account, run, body)
    assert finished.exit_code == 0, finished.stderr
    found = [each["ip_address"] for each in records_of(finished, "visitors").values()]
    assert found == PHP_TEXTS


def test_a_file_that_is_good_by_both_rules_is_read_once_and_by_rfc_4180(account, run):
    body = visitors_file(rb'"C:\","a"', rb'"say \"",","b"', rb'"x","y"')
    finished = visitors_of(account, run, body)
    assert finished.exit_code == 0, finished.stderr
    assert hosts(finished) == ["C:\\", 'say \\",', "x"]
    assert finished.ids("visitors") == [1, 2, 3]
    assert "PHP" not in finished.stderr


BROKEN = {
    "in the middle of a cell": (rb'"a \"b\" c","x"', rb'"cut he'),
    "behind an escaped quote": (rb'"a \"b\" c","x"', rb'"cut \"'),
    "a cell too few": (rb'"a \"b\" c","x"', rb'"one"'),
    "a cell too many": (rb'"a \"b\" c","x"', rb'"one","two","three"'),
    "a quote alone": (rb'"a \"b\" c","x"', rb'"a "quote" alone","x"'),
    "no backslash at all": (rb'"a "quote" alone","x"', b'"fine","x"'),
}


@pytest.mark.parametrize("way", BROKEN)
def test_a_file_that_is_broken_by_both_rules_fails(account, run, way):
    finished = visitors_of(account, run, visitors_file(*BROKEN[way]))
    assert finished.exit_code == 1
    assert re.search(r"visitors: .* failed: Line \d+ of file \d+ of export \d+ ", finished.stderr)
    assert "replication_key_value" not in finished.state["bookmarks"]["visitors"]
    assert finished.state["bookmarks"]["visitors"]["jobs"][0]["done"] == []
    assert finished.stderr.count("PHP") == (way != "no backslash at all")
    assert set(hosts(finished)) <= {'a \\"b\\" c'}


def test_only_the_file_with_the_backslash_is_read_twice(account, run):
    account.set(export_file_rows=2, export_quoting="php", export_shuffle_columns=False)
    hostnames = ["a", 'b "c"', r"d \"e\" f", "g", "h", "i,j"]
    rows = [row("visitors", n, MARCH, hostname=text) for n, text in enumerate(hostnames, 1)]
    account.add("visitor", rows)

    finished = run(account, select("visitors", columns=VISITORS))

    assert finished.exit_code == 0, finished.stderr
    assert hosts(finished) == hostnames
    assert finished.stderr.count("PHP") == 1
    assert max(Counter(finished.ids("visitors")).values()) <= 2


def test_a_wide_export_takes_the_same_way(account, run):
    account.set(export_quoting="php")
    names = [f"Field_{n}" for n in range(1, 201)]
    account.add("customField", [field(n, name) for n, name in enumerate(names, 1)])
    texts = {"Field_1": r"5\" nail", "Field_199": r"6\" nail", "Field_200": "ca\x00fe"}
    account.add(
        "prospect",
        [
            row("prospects", n, MARCH, comments=r"say \"hi\"", custom=texts if n % 2 else {})
            for n in range(1, 5)
        ],
    )

    finished = run(account, select("prospects"))

    assert finished.exit_code == 0, finished.stderr
    for number, record in records_of(finished, "prospects").items():
        assert record["comments"] == r"say \"hi\""
        found = (record["field_1"], record["field_199"], record["field_200"])
        here = ('5\\" nail', '6\\" nail', "cafe")
        assert found == (here if number % 2 else (None, None, None))
    assert finished.stderr.count("PHP") == 2
    assert changed(finished) == {"prospects.field_200": 2}


# --- texts -----------------------------------------------------------------------------------

ODD_CELLS = [
    (b"one\x00two", "onetwo"),
    (b"caf\xe9", "caf\ufffd"),
    (b"M\xfcnchen \xf0\x9f\x98", "M\ufffdnchen \ufffd"),
    (b"\xed\xa0\x80 CESU", "\ufffd\ufffd\ufffd CESU"),
    (b"\xff\xfe\x00", "\ufffd\ufffd"),
    (b"\x00\\=1+1", "\\=1+1"),
]


@pytest.mark.parametrize(("sent", "text"), ODD_CELLS)
@pytest.mark.parametrize("quote", [b'"', b""])
def test_a_text_that_a_warehouse_refuses_is_repaired_and_counted(account, run, sent, text, quote):
    # The first rows fill the reader's buffers: what is odd comes after a good beginning.
    good = b'"' + b"x" * 1000 + b'","1.2.3.4"'
    cells = quote + sent + quote
    finished = visitors_of(account, run, visitors_file(*[good] * 200, cells + b',"\xc3\xa9"'))

    assert finished.exit_code == 0, finished.stderr
    assert hosts(finished)[-1] == (text[1:] if text == "\\=1+1" else text)
    assert records_of(finished, "visitors")[201]["ip_address"] == "\u00e9"
    assert changed(finished) == {"visitors.hostname": 1}
    assert "PostgreSQL" in finished.stderr


def test_a_cell_of_nothing_but_nul_is_null_and_counted(account, run):
    finished = visitors_of(account, run, visitors_file(b'"\x00","a"', b'"b","c"'))
    assert hosts(finished) == [None, "b"]
    assert changed(finished) == {"visitors.hostname": 1}


def test_a_replacement_character_that_pardot_sent_is_not_counted(account, run):
    finished = visitors_of(account, run, visitors_file('"\ufffd","\U0001f600"'.encode()))
    assert hosts(finished) == ["\ufffd"]
    assert changed(finished) == {}


def test_nul_in_the_header_harms_nothing(account, run):
    body = visitors_file(b'"a\x00","b"').replace(b"hostname", b"host\x00name")
    finished = visitors_of(account, run, body)
    assert finished.exit_code == 0, finished.stderr
    assert hosts(finished) == ["a"]


@pytest.mark.parametrize("source", ["export", "query"])
def test_texts_of_custom_fields_are_counted_too(account, run, source):
    several = {**field(2, "Tags", 6), "type": "Multi-Select"}
    account.add("customField", [field(1, "Note"), several, field(3, "Cost", 8)])
    values = {"Note": "a\x00b", "Tags": ["x\x00", "y"], "Cost": "12\x00"}
    account.add("prospect", [row("prospects", n, MARCH, custom=values) for n in (1, 2)])

    finished = run(account, select("prospects"), bulk_source=source)

    assert finished.exit_code == 0, finished.stderr
    for record in records_of(finished, "prospects").values():
        assert (record["note"], record["tags"], record["cost"]) == ("ab", ["x", "y"], 12)
    assert changed(finished) == {"prospects.note": 2, "prospects.tags": 2, "prospects.cost": 2}


def test_what_exports_refuse_and_a_query_brings_is_counted_too(account, run):
    account.set(export_custom_fields=154)
    account.add("customField", [field(1, "Note")])
    account.add("prospect", [row("prospects", 1, MARCH, custom={"Note": "a\x00b"})])
    finished = run(account, select("prospects"))
    assert finished.exit_code == 0, finished.stderr
    assert records_of(finished, "prospects")[1]["note"] == "ab"
    assert changed(finished) == {"prospects.note": 1}


def test_a_field_whose_very_name_has_such_characters_costs_only_itself(account, run):
    account.add("customField", [field(1, "No\x00te"), {**field(2, "Fine"), "name": "La\x00bel"}])
    account.add("prospect", [row("prospects", 1, MARCH, custom={"Fine": "x"})])
    finished = run(account, select("prospects"))
    assert finished.exit_code == 0, finished.stderr
    assert records_of(finished, "prospects")[1]["fine"] == "x"
    assert "\\u0000" not in finished.stdout


# --- JSON in place of a file -----------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("body", ['{"@attributes":{"stat":"fail","err_code":183}}', "<html>", "[]"])
def test_an_answer_in_place_of_a_file_is_known_in_every_encoding(account, run, encoding, body):
    finished = visitors_of(account, run, body.encode(encoding))
    assert finished.exit_code == 1
    assert finished.ids("visitors") == []
    assert re.search(r"visitors: .*failed: File \d+ of export \d+: ", finished.stderr)


def test_an_export_id_that_no_number_holds_is_no_traceback(account, run):
    fill(account, ["visitors"], [MARCH])
    account.fault(op="create", times=None, body='{"export": {"id": 1e400, "state": "Waiting"}}')
    finished = run(account, select("visitors"))
    assert finished.exit_code == 1
    assert "Traceback" not in finished.stderr
