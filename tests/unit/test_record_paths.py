"""Both ways to stdout, the direct one and the SDK's own, write the same bytes."""

from __future__ import annotations

import re
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk.streams import Stream

from tap_pardot.api.json_body import json_of
from tap_pardot.records.block import records_of
from tap_pardot.records.decoder import Decoder
from tap_pardot.records.repair import repaired
from tap_pardot.records.values import Timestamp, camel_case, to_string
from tap_pardot.streams import STREAMS
from tap_pardot.tap import TapPardot

TIMESTAMP = Timestamp(ZoneInfo("America/New_York"))
TEXTS = (
    *("", "a", "Zoë", "a\0b", "\ud800", "a;b", " ;", '"', "\\=1", "a\nb", "\u2028", "</script>"),
    *("7", "007", "-7", "1_000", "9" * 30, "1.50", "1e400", "98.42%", "NaN", "true", "0"),
    *("2024-06-01", "2024-06-01 10:20:30", "2024-11-03 01:30:00", "2024-03-10 02:30:00Z"),
)
JSON = (
    *("null", "true", "0", "1", "7", "-7", str(2**63), "9" * 30, "1.50", "12.5", "1e16", "1e400"),
    *('""', '"Zo\u00eb"', '"a\\u0000b"', '"\\ud800"', '"7"', '"1.50"', '"98.42%"', '"2024-02-30"'),
    *('"2024-06-01 10:20:30"', '"2024-11-03 01:30:00"', '"true"', '"\\""', '"a\\nb"'),
    *("[]", "{}", '["a", "b"]', '["a", null, 1.50, "\\u0000"]', '[[1], {"id": 1.50}]'),
    *('{"value": "a"}', '{"value": ["a", "b"]}', '{"value": 1.50}', '{"id": 7, "name": "a"}'),
    '{"visitor_page_view": [{"id": 1, "url": "\\ud800", "created_at": "2024-06-01 10:20:30"}]}',
)


@pytest.fixture(scope="module")
def tap():
    """A tap without settings, of which each stream is selected."""
    catalog = TapPardot(validate_config=False).catalog_dict
    for entry in catalog["streams"]:
        (root,) = (each for each in entry["metadata"] if not each["breadcrumb"])
        root["metadata"] |= {"inclusion": "available", "selected": True}
    return TapPardot(catalog=catalog, validate_config=False)


def names_of(stream):
    """Return the names that the API may use for a stream's columns."""
    declared = {column: names[0] for column, names in stream.api_names.items() if names}
    names = [declared.get(column, column).partition(".")[0] for column in stream.columns]
    return sorted({*names, *map(camel_case, names)})


def decoder_of(stream):
    return Decoder(
        stream.schema, TIMESTAMP, stream.columns, stream.api_names, wrapped=names_of(stream)
    )


def records_written(stream, block, sync_records):
    """Return the RECORD lines of one way to write a block, without the time of extraction."""
    lines: list[bytes] = []
    with (
        patch("tap_pardot.sdk.writer.write_out", lines.append),
        patch.object(type(stream), "get_blocks", lambda _: iter([block])),
        patch.object(type(stream), "get_records", lambda *_: records_of(block)),
        # They call Pardot.
        patch.object(type(stream), "before_schema"),
        patch.object(type(stream), "_write_state_message"),
    ):
        for _ in sync_records(stream):
            pass
        stream._tap.message_writer.drain()
    found = [line for line in b"".join(lines).splitlines() if line.startswith(b'{"type":"RECORD"')]
    return [re.sub(rb',"time_extracted":"[^"]+"}$', b"}", line) for line in found]


def assert_equal_bytes(stream, block):
    direct = records_written(stream, block, type(stream)._sync_records)
    ordinary = records_written(stream, block, Stream._sync_records)

    assert stream._can_write_directly
    assert direct == ordinary
    assert len(direct) == len(next(iter(block.values())))


@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("name", [each.name for each in STREAMS])
@given(data=st.data())
def test_rows_of_queries_are_written_alike(tap, name, data):
    stream = tap.pardot_streams[name]
    row = st.dictionaries(st.sampled_from(names_of(stream)), st.sampled_from(JSON))
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    pairs = (",".join(f'"{key}":{value}' for key, value in each.items()) for each in rows)

    found = json_of(f"[{','.join(f'{{{each}}}' for each in pairs)}]".encode())

    assert_equal_bytes(stream, decoder_of(stream).block(found))


@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("name", [each.name for each in STREAMS])
@given(data=st.data())
def test_cells_of_exports_are_written_alike(tap, name, data):
    stream = tap.pardot_streams[name]
    fields = names_of(stream)
    cell = st.sampled_from(TEXTS).map(repaired)
    size = data.draw(st.integers(1, 4))
    cells = [data.draw(st.lists(cell, min_size=size, max_size=size)) for _ in fields]

    assert_equal_bytes(stream, decoder_of(stream).for_cells(fields)(cells))


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,18})\.[0-9]{1,20}([eE][+-]?[0-9]{1,2})?", fullmatch=True))
def test_a_number_of_an_answer_keeps_its_digits(text):
    assert to_string(json_of(text.encode())) == text
