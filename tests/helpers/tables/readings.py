"""How each version of the API reads a stream, and the calls that this costs, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_pardot.api.dialect import Export, Query
from tap_pardot.streams.endpoints import is_bulk
from tap_pardot.streams.variants import V4, V5, variants_of
from tests.helpers.tables.markup import code

if TYPE_CHECKING:
    from tap_pardot.api.dialect import Endpoint
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.variants import Variant

CHANGED = "what changed since the last run"
WHOLE = "everything, each run"
NEW = "new rows, after the last id"

_PAGE_SIZES = {V4: 200, V5: 1_000}
_STATS_OF_VERSION_5 = "1 for each list e-mail that is new, sent lately or has activities or clicks"
_CHILDREN = {
    V4: {
        "email_stats": "1 for each list e-mail that was sent lately or has activities or clicks",
        "email_templates": "1 + 1 for each template that was used, or is new in the list",
        "emails": "1 for each e-mail with activities or clicks that STATE does not know",
        "opportunity_prospects": "none but those of `opportunities`",
        "visitor_page_views": "none but those of `visits`",
        "visits": "1 for each 200 changed visitors + 1 for each 200 visits",
    },
    V5: {
        "email_stats": _STATS_OF_VERSION_5,
        "list_email_lists": "1 for each new or changed list e-mail",
    },
}
_RECORD = {
    V4: "1, the call that begins every run",
    V5: "1 besides the call that begins every run",
}


class Reading(NamedTuple):
    """How a version reads a stream, and the API calls of a run."""

    how: str
    calls: str


def reading_of(stream: type[PardotStream], dialect: str) -> Reading | None:
    """Return how a dialect reads a stream; None if it does not."""
    variant = variants_of(stream).get(dialect)
    if variant is None:
        return None
    if variant.parents:
        return Reading(f"through {code(*variant.parents)}", _CHILDREN[dialect][stream.name])
    if variant.query is None and not is_bulk(stream):
        return Reading("one record, each run", _RECORD[dialect])
    if dialect == V4 and is_bulk(stream):
        return _exported(variant)
    return _queried(stream, variant)


def _queried(stream: type[PardotStream], variant: Variant) -> Reading:
    query = variant.query
    if query is None:
        raise ValueError(f"{stream.name} has no query")
    rows = f"{query.page_size or _PAGE_SIZES[variant.dialect]:,}"
    if query.append_only:
        return Reading(NEW, f"2 + 1 for each {rows} new rows")
    if query.by_offset:
        return Reading(f"{CHANGED}, by offset", "1 + 1 for each full page")
    if not _is_windowed(stream, variant, query):
        return Reading(WHOLE, f"1 + 1 for each {rows} rows")
    calls = f"1 + 1 for each {rows} changed rows"
    return Reading(CHANGED, f"{calls}, or an export" if is_bulk(stream) else calls)


def _exported(variant: Variant) -> Reading:
    whole = variant.replication_key is None
    kind, rows = (WHOLE, "rows") if whole else (CHANGED, "changed rows")
    if variant.query is None:
        return Reading(f"{kind}, by export", "an export")
    return Reading(f"{kind}, by query or export", f"1 + 1 for each 200 {rows}, or an export")


def _is_windowed(stream: type[PardotStream], variant: Variant, query: Query) -> bool:
    """Return whether a run without a catalog reads only what changed."""
    if variant.dialect == V5:
        return query.time is not None
    return isinstance(stream.replication_key, str)


def recycle_bin(stream: type[PardotStream], variant: Variant) -> str:
    """Return whether the rows in the recycle bin are read, in words."""
    ways = {_kind(each) for each in variant.endpoints if _has_bin(each)}
    if not ways:
        return "no"
    columns = stream.schema["properties"].keys() | stream.v5_columns.keys()
    flags = [name for name in ("is_deleted", "is_archived") if name in columns - variant.lacks]
    shown = f", with {code(flags[0])}" if flags else ""
    by_export_only = len(variant.endpoints) > 1 and "query" not in ways
    return f"{'by export only' if by_export_only else 'yes'}{shown}"


def _kind(endpoint: Endpoint) -> str:
    return "export" if isinstance(endpoint, Export) else "query"


def _has_bin(endpoint: Endpoint) -> bool:
    if isinstance(endpoint, (Export, Query)):
        return endpoint.deleted
    return getattr(endpoint, "params", {}).get("archived") == "true"
