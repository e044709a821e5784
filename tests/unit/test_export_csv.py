"""One file of an export: which of two rules it was written by, and what it may never be read as."""

from __future__ import annotations

import io
import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_pardot.errors import StreamFailed
from tap_pardot.sources import export_csv
from tap_pardot.sources.cells import rows_of
from tap_pardot.sources.export_csv import blocks_of_file

WALL = "2024-03-05 05:00:00"
FIELDS = ("id", "updated_at", "one", "two")


class File(io.BytesIO):
    """A file that counts how often it is read from its start."""

    readings = 0

    def seek(self, place, whence=0):
        self.readings += place == 0 and whence == 0
        return super().seek(place, whence)


def by_php(text):
    """Return a cell as PHP's fputcsv writes it, character by character as its source does."""
    cell, escaped = "", False
    for character in text:
        if character == "\\":
            escaped = True
        elif not escaped and character == '"':
            cell += '"'
        else:
            escaped = False
        cell += character
    return f'"{cell}"'


def by_rfc(text):
    return '"' + text.replace('"', '""') + '"'


def written(rows, cell):
    lines = [f"{n},{WALL},{cell(one)},{cell(two)}\n" for n, (one, two) in enumerate(rows, 1)]
    return (",".join(FIELDS) + "\n" + "".join(lines)).encode()


def read(body, **hooks):
    """Return the values of the rows, those of a second reading only, if there was one."""
    file = File(body)
    rows = [
        row[2:] for row in rows_of(blocks_of_file(file, "file 1 of export 2", FIELDS, 2, **hooks))
    ]
    assert file.closed
    return rows


# --- two rules -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [r"5\" nail", r"\"", r"\"\"", r"\\\" three", r'two \\" of them', '\\"\n\\"\r\n', r"a\"b,c\",d"],
)
def test_what_php_wrote_is_read_as_it_was(text):
    warnings = []
    rows = read(written([("first", text), (text, 'say "hi"')], by_php), warn=warnings.append)
    assert rows[-2:] == [["first", text], [text, 'say "hi"']]
    assert len(warnings) == 1
    assert warnings[0].startswith("File 1 of export 2 ")
    assert text not in warnings[0]


@settings(max_examples=500)
@given(st.lists(st.tuples(*[st.text(st.sampled_from('a\\",\n '), max_size=8)] * 2), max_size=4))
def test_a_file_that_only_php_s_rule_can_read_is_read_right(rows):
    # Behind a value that ends in a backslash PHP itself takes the closing quote for the value's.
    rows = [[text + "x" if text.endswith("\\") else text for text in row] for row in rows]
    warnings = []
    found = read(written(rows, by_php), warn=warnings.append)
    if warnings:
        assert found[-len(rows) :] == [[text or None for text in row] for row in rows]


@settings(max_examples=300)
@given(st.lists(st.tuples(*[st.text(st.sampled_from('a\\",\n '), max_size=8)] * 2), max_size=4))
def test_a_file_by_rfc_4180_is_read_once_and_right(rows):
    warnings = []
    expected = [[text or None for text in row] for row in rows]
    assert read(written(rows, by_rfc), warn=warnings.append) == expected
    assert warnings == []


@pytest.mark.parametrize("body", [written([("a", 'b "c"')], by_rfc), b'id,updated_at\n1,"2"x\n'])
def test_a_file_without_such_a_quote_is_never_read_twice(body):
    file = File(body)
    fields = FIELDS if b"one" in body else FIELDS[:2]
    with suppress(StreamFailed):
        list(rows_of(blocks_of_file(file, "it", fields, 2)))
    assert file.closed
    # Once to read it, and once to look for a backslash before a quote if it was not CSV.
    assert file.readings == (1 if b"one" in body else 2)


def test_a_backslash_and_its_quote_are_found_across_blocks():
    for size in range(export_csv._BLOCK - 3, export_csv._BLOCK + 3):
        file = io.BytesIO(b"x" * size + b'\\"')
        assert export_csv._has_escaped_quote(file)
    assert not export_csv._has_escaped_quote(io.BytesIO(b'\\x"\\'))


def test_a_file_that_rfc_4180_takes_for_one_endless_row_is_read_by_php_too(monkeypatch):
    monkeypatch.setattr(export_csv, "_MAX_ROW", 200_000)
    rows = [("x" * 1000, r"ends in \""), *[("y" * 1000, "") for _ in range(400)]]
    lines = (
        written(rows, by_php).replace(b',""\n', b",\n").replace(b'"y', b"y").replace(b'y"', b"y")
    )
    found = read(lines)
    assert found[-401:] == [[one, two or None] for one, two in rows]


def test_long_rows_are_yielded_in_blocks_of_some_megabytes():
    body = written([("x" * 1_000_000, "") for _ in range(30)], by_rfc)

    blocks = [*blocks_of_file(File(body), "it", FIELDS, 2)]

    assert [number for ids, *_ in blocks for number in ids] == [str(n) for n in range(1, 31)]
    assert max(len(ids) for ids, *_ in blocks) <= 6


PHP_ROWS = [(r"a \"b\" c", "1.1.1.1"), (r"C:\dir, \"x\"", "2.2"), ('z\n\\"', "3")]


@pytest.mark.parametrize("rows", [PHP_ROWS, [*PHP_ROWS, (r"C:\dir", "last"), (r"q\"", r"\" r")]])
def test_every_cut_fails_or_brings_rows_that_are_in_the_file(rows):
    """A cut must not be healed into rows that Pardot never had."""
    body = written(rows, by_php)
    for size in range(len(body)):
        found = []
        with suppress(StreamFailed):
            for row in rows_of(blocks_of_file(io.BytesIO(body[:size]), "it", FIELDS, 2)):
                found.append(row)  # noqa: PERF402 - those before a failure count too
            # Only a cut behind a whole cell, or in an empty one, can look like an end.
            assert body[:size].endswith((b'"', b"\n", b",", b",two"))
        for number, _, one, two in found:
            whole = rows[int(number) - 1]
            assert one == whole[0]
            assert whole[1].startswith((two or "").removesuffix("\\"))


# --- texts -----------------------------------------------------------------------------------


def test_repaired_cells_are_counted_by_field():
    warnings = []
    body = written([("good", "good")] * 3, by_rfc) + f"4,{WALL},".encode() + b'"a\0","\xff"\n'
    assert read(body, on_repaired=warnings.append)[-1] == ["a", "\ufffd"]
    assert warnings == ["one", "two"]


@pytest.mark.parametrize("size", [65530, 65536, 131071])
@pytest.mark.parametrize("text", ["\u00e9", "\U0001f600", "\u20ac"])
def test_a_character_across_two_blocks_is_no_repair(size, text):
    warnings = []
    for shift in range(6):
        rows = [("x" * (size - shift), text * 10)]
        assert read(written(rows, by_rfc), on_repaired=warnings.append) == [list(rows[0])]
    assert warnings == []


def test_a_file_cut_inside_a_character_fails():
    warnings = []
    body = written([("a", "b")], by_rfc) + f'2,{WALL},"c",caf'.encode() + b"\xc3"
    assert read(body, on_repaired=warnings.append)[-1] == ["c", "caf\ufffd"]
    assert warnings == ["two"]


@given(st.binary(max_size=40))
def test_whatever_bytes_come_the_values_are_what_a_warehouse_takes(data):
    cell = re.sub(rb'["\r\n,]', b"", data)
    warnings = []
    ((value, _),) = read(
        f"{','.join(FIELDS)}\n1,{WALL},".encode() + b'"' + cell + b'",x\n',
        on_repaired=warnings.append,
    )
    text = cell.decode("utf-8", "replace").replace("\0", "")
    assert value in {text or None, text[1:]}
    assert bool(warnings) == (b"\0" in cell or cell.decode("utf-8", "replace").encode() != cell)
