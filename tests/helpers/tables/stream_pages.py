"""One page per stream: what it holds, how it is read, what it costs, joins and columns."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tap_pardot.streams import STREAMS
from tap_pardot.streams.abilities import ability_of
from tap_pardot.streams.endpoints import is_bulk
from tap_pardot.streams.variants import V4, V5, lacks_of, variants_of
from tests.helpers.tables import catalogs
from tests.helpers.tables.abilities import FOR_CUSTOM_FIELDS
from tests.helpers.tables.joins import Join, joins, naming
from tests.helpers.tables.markup import ALL, DOCS, NONE, code, prose, table, wrapped
from tests.helpers.tables.readings import reading_of, recycle_bin
from tests.helpers.tables.requests import requests_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_pardot.streams.base import PardotStream

_DIALECTS = {V4: (4, "Versions 3 and 4"), V5: (5, "Version 5")}


def pages() -> dict[Path, Callable[[], str]]:
    """Return the function that makes each page, by its file."""
    return {DOCS / "streams" / f"{stream.name}.md": partial(page, stream) for stream in ALL}


def page(stream: type[PardotStream]) -> str:
    """Return the page of a stream."""
    parts = (
        [f"# {stream.name}", *_what(stream)],
        _facts(stream),
        _export_costs(stream),
        _off(stream),
        _incremental(stream),
        _joins(stream),
        _columns(stream),
    )
    return "\n\n".join(wrapped(block) for part in parts for block in part) + "\n"


def _what(stream: type[PardotStream]) -> Iterator[str]:
    """Yield what the rows are, the key and the ability."""
    yield from prose(stream.__doc__)
    if stream not in STREAMS:
        yield "Only version 5 of the API has this stream."
    ability = ability_of(stream.name)
    yield (
        f"- Key: {code(*catalogs.keys(stream.name))}\n"
        f"- [Ability](../getting-started/api-user.md#abilities) of the API user: {ability.name} "
        f"({ability.certainty})"
    )


def _facts(stream: type[PardotStream]) -> Iterator[str]:
    """Yield the table of how each version reads the stream."""
    shown = [dialect for dialect in _DIALECTS if dialect in variants_of(stream)]
    rows = ((name, *(make(stream, each) for each in shown)) for name, make in _FACTS.items())
    yield "## How it is read"
    yield table(("", *(_DIALECTS[each][1] for each in shown)), rows)
    if V5 not in shown:
        yield "Version 5 does not have it. With `api_version: 5`, it is read the same way."
    if len(shown) > 1:
        yield (
            "With `api_version: 5`, [the selected columns]"
            "(../versions.md#which-version-reads-a-stream) choose the version."
        )
    if stream.custom_fields and V5 in shown:
        yield (
            "Version 5 has no custom fields with several values: if one is selected, versions 3 "
            "and 4 read the stream."
        )


def _how(stream: type[PardotStream], dialect: str) -> str:
    reading = reading_of(stream, dialect)
    return NONE if reading is None else reading.how


def _calls(stream: type[PardotStream], dialect: str) -> str:
    reading = reading_of(stream, dialect)
    return NONE if reading is None else reading.calls


def _replication(stream: type[PardotStream], dialect: str) -> str:
    return catalogs.replication(stream.name, _DIALECTS[dialect][0])


def _requests(stream: type[PardotStream], dialect: str) -> str:
    return requests_of(variants_of(stream)[dialect])


def _bin(stream: type[PardotStream], dialect: str) -> str:
    return recycle_bin(stream, variants_of(stream)[dialect])


_FACTS: dict[str, Callable[[type[PardotStream], str], str]] = {
    "Read": _how,
    "API calls a run": _calls,
    "Replication": _replication,
    "Recycle bin": _bin,
    "Request": _requests,
}


def _export_costs(stream: type[PardotStream]) -> Iterator[str]:
    """Yield what an export of the stream costs."""
    if not is_bulk(stream):
        return
    export, *queries = variants_of(stream)[V4].endpoints
    jobs = "one job"
    if getattr(export, "deleted", False) and "is_deleted" in catalogs.all_columns(stream.name):
        jobs = "two jobs with `is_deleted` selected, one for active and one for deleted rows,"
    yield (
        f"An export needs {jobs} for each year that it covers. A job costs a call to create it, "
        "one or more to poll it, and one for each file of some 100,000 rows."
    )
    if queries:
        yield (
            "Each run reads the stream by query or by export, whichever costs fewer calls. The "
            "setting `bulk_source` forces one of them."
        )
    for query in queries:
        if lacks := lacks_of(query).intersection(catalogs.all_columns(stream.name)):
            names = (name for name in catalogs.all_columns(stream.name) if name in lacks)
            yield (
                f"Queries of versions 3 and 4 lack {code(*names)}. With one of them selected, "
                "these versions export the rows."
            )
    if stream.custom_fields:
        yield (
            "One further call reads which custom fields the account has. It needs the ability "
            f"{ability_of(FOR_CUSTOM_FIELDS).name}."
        )


def _off(stream: type[PardotStream]) -> Iterator[str]:
    """Yield what is off by default, and how it is included."""
    found = {
        version: [stream.name]
        if catalogs.is_off(stream.name, version)
        else [f"{stream.name}.{each}" for each in catalogs.off(stream.name, version)]
        for version in catalogs.VERSIONS
    }
    if not any(found.values()):
        return
    yield "## Off by default"
    by_version = {4: "With `api_version` 3 or 4", 5: "With `api_version: 5`"}
    if found[4] == found[5]:
        yield f"{code(*found[4])}."
    else:
        yield "\n".join(
            f"- {by_version[version]}: {code(*names)}." for version, names in found.items() if names
        )
    in_both = [name for name in found[4] if name in found[5]]
    first = next(iter(in_both or found[5] or found[4]))
    yield "The setting [`include`](../settings.md) turns on what it names:"
    yield f"```yaml\nconfig:\n  include: [{first}]\n```"


def _incremental(stream: type[PardotStream]) -> Iterator[str]:
    """Yield how a stream is made INCREMENTAL that is not so by default."""
    optional = {each: catalogs.optional_key(stream.name, each) for each in catalogs.VERSIONS}
    found = {version: key for version, key in optional.items() if key is not None}
    if not found:
        return
    key = next(iter(found.values()))
    yield "## INCREMENTAL"
    where = "" if len(found) == 2 or stream not in STREAMS else "With `api_version` 3 or 4, "
    if key:
        text = (
            f"a run writes all rows by default. INCREMENTAL by `{key}` writes only the rows that "
            "changed; they cost the same API calls, because Pardot cannot filter them. In "
            "`meltano.yml`:"
        )
    else:
        text = (
            "a run reads all rows by default. INCREMENTAL reads only the rows that changed, "
            "although they have no time of change. In `meltano.yml`:"
        )
    yield where + (text if where else text[0].upper() + text[1:])
    yield _yaml(stream.name, key)


def _yaml(stream: str, key: str) -> str:
    lines = [
        "```yaml",
        "plugins:",
        "  extractors:",
        "  - name: tap-pardot",
        "    metadata:",
        f"      {stream}:",
        "        replication-method: INCREMENTAL",
        *([f"        replication-key: {key}"] if key else []),
        "```",
    ]
    return "\n".join(lines)


def _joins(stream: type[PardotStream]) -> Iterator[str]:
    """Yield the joins from the stream and to it."""
    own = [each for each in joins() if each.stream == stream.name]
    others = naming(stream.name)
    if not own and not others:
        return
    yield "## Joins"
    if own:
        yield table(("Column", "Joins"), ((code(each.column), _targets(each)) for each in own))
    if others:
        rows = (
            (code(column), ", ".join(_page(each) for each in streams))
            for column, streams in others.items()
        )
        yield "Its `id` is in these columns:"
        yield table(("Column", "Of"), rows)


def _targets(join: Join) -> str:
    """Return what a column joins: the stream that it names, and others with the same key."""
    same = [
        _linked(each.name, join.column)
        for each in ALL
        if catalogs.keys(each.name) == [join.column] and each.name != join.stream
    ]
    return ", ".join([_linked(join.references, "id"), *same])


def _linked(stream: str, column: str) -> str:
    only = "" if catalogs.has(stream, 4) else " (version 5)"
    return f"{_page(stream)}.`{column}`{only}"


def _page(stream: str) -> str:
    return f"[`{stream}`]({stream}.md)"


def _columns(stream: type[PardotStream]) -> Iterator[str]:
    """Yield the table of columns, and one for the fields of the objects in a column."""
    yield "## Columns"
    if stream.custom_fields:
        yield "Besides these, each custom field of the account is a column."
    found = catalogs.all_columns(stream.name)
    rows = (
        (f"`{name}`", _type(each), _versions(stream, name), each["description"])
        for name, each in found.items()
    )
    yield table(("Column", "Type", "Versions", "Description"), rows)
    for name, each in found.items():
        if fields := _fields(each):
            yield f"### {name}"
            rows = (
                (f"`{field}`", _type(inner), inner["description"])
                for field, inner in fields.items()
            )
            yield table(("Field", "Type", "Description"), rows)


def _versions(stream: type[PardotStream], column: str) -> str:
    """Return the versions of the API that have a column."""
    if stream not in STREAMS or column in stream.v5_columns:
        return "5"
    variant = variants_of(stream).get(V5)
    if variant is None:
        return "3, 4"
    lacks = frozenset.intersection(*(lacks_of(each) for each in variant.endpoints))
    return "3, 4" if column in lacks else "3, 4, 5"


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the objects in a column; empty if there are none."""
    found: dict[str, Any] = schema.get("items", schema).get("properties", {})
    return found


def _type(schema: dict[str, Any]) -> str:
    """Return the type of a column in a word or two."""
    named = schema.get("type", ())
    kinds = {named} if isinstance(named, str) else {*named} - {"null"}
    if len(kinds) != 1:
        return "any"
    (kind,) = kinds
    if kind == "array":
        inner = _type(schema["items"])
        return "array" if inner == "any" else f"array of {inner}s"
    return "time" if schema.get("format") == "date-time" else str(kind)
