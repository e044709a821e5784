"""Tables of all streams: what they are, how they are read, what only version 5 has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_pardot.streams import STREAMS, V5_STREAMS
from tap_pardot.streams.variants import V4, V5
from tests.helpers.tables import catalogs
from tests.helpers.tables.markup import ALL, NONE, code, prose, table
from tests.helpers.tables.readings import reading_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_pardot.streams.base import PardotStream


def _linked(stream: type[PardotStream]) -> str:
    return f"[`{stream.name}`]({stream.name}.md)"


def _what(stream: type[PardotStream]) -> str:
    return prose(stream.__doc__)[0]


def streams_table() -> str:
    """Return one row per stream: what it is, and how it is replicated."""
    return table(("Stream", "Rows", "Key", "Replication"), _streams())


def _streams() -> Iterator[tuple[str, ...]]:
    for stream in ALL:
        marks = "" if stream in STREAMS else " *Version 5 only.*"
        marks += " *Off unless included.*" if _is_off(stream.name) else ""
        by = [
            catalogs.replication(stream.name, version)
            for version in catalogs.VERSIONS
            if catalogs.has(stream.name, version)
        ]
        shown = by[0] if len(set(by)) == 1 else f"{by[0]}; version 5: {by[1]}"
        yield _linked(stream), f"{_what(stream)}{marks}", code(*catalogs.keys(stream.name)), shown


def _is_off(stream: str) -> bool:
    return any(catalogs.is_off(stream, version) for version in catalogs.VERSIONS)


def readings_table() -> str:
    """Return one row per stream: how each version reads it, and the calls that this costs."""
    heads = ("Stream", "Versions 3 and 4 read", "API calls", "Version 5 reads", "API calls")
    return table(heads, _readings())


def _readings() -> Iterator[tuple[str, ...]]:
    for stream in ALL:
        cells = [_linked(stream)]
        for dialect in (V4, V5):
            reading = reading_of(stream, dialect)
            cells += [NONE, NONE] if reading is None else [*reading]
        yield tuple(cells)


def versions_table() -> str:
    """Return one row per stream that version 5 reads."""
    heads = ("Stream", "Read by version 5", "API calls a run", "Only version 5 has", "Off")
    return table(heads, _versions())


def _versions() -> Iterator[tuple[str, ...]]:
    for stream in ALL:
        if reading := reading_of(stream, V5):
            new = "the whole stream" if stream in V5_STREAMS else code(*stream.v5_columns)
            off = code(*sorted(catalogs.off(stream.name, 5)))
            off = "the whole stream" if catalogs.is_off(stream.name, 5) else off
            yield f"`{stream.name}`", *reading, new, off
