"""What a stream declares: its endpoints, its kind, and the API's names of its columns."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Export, Query
from tap_pardot.records.times import parse_instant, to_iso
from tap_pardot.streams.variants import V4, V5, declared_endpoints, variants_of
from tap_pardot.sync.report import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from tap_pardot.api.dialect import Endpoint
    from tap_pardot.sources.export_creation import KeysRejected
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.hooks import TapHooks
    from tap_pardot.streams.variants import Variant
    from tap_pardot.sync.reading import Reading

logger = logging.getLogger("tap-pardot")


def variant_of(stream: type[PardotStream] | PardotStream) -> Variant:
    """Return how a stream is read in this run; for a class, how versions 3 and 4 read it."""
    if isinstance(stream, type):
        found = variants_of(stream)
        return found.get(V4) or found[V5]
    return stream.variant


def endpoints_of(stream: type[PardotStream] | PardotStream) -> tuple[Endpoint, ...]:
    """Return the endpoints that a stream is read by, the preferred one first."""
    return variant_of(stream).endpoints


def endpoint_for(stream: PardotStream, variant: Variant, columns: Collection[str]) -> Endpoint:
    """Return the endpoint to read a stream by; the setting ``bulk_source`` chooses it.

    Exports are among the ways of a stream that version 5 reads, if they have all columns.

    Args:
        stream: The stream.
        variant: How it is read.
        columns: The selected columns.
    """
    first = variant.endpoints[0]
    if stream.config.get("bulk_source") == "query":
        return variant.query or first
    by_v4 = stream.variants.get(V4)
    if variant.dialect == V4 or by_v4 is None or by_v4.lacks.intersection(columns):
        return first
    return next((each for each in by_v4.endpoints if isinstance(each, Export)), first)


def query_of(stream: type[PardotStream] | PardotStream) -> Query | None:
    """Return the query that a stream is read by; None if it has none."""
    return variant_of(stream).query


def is_exported(stream: PardotStream) -> bool:
    """Return whether a stream may be read by export jobs in this run."""
    return isinstance(stream.endpoint, Export) and stream.config.get("bulk_source") != "query"


def query_instead(stream: PardotStream, refusal: KeysRejected) -> Query:
    """Return the query of a stream whose keys Pardot refuses to export, and log the change.

    It is not documented for all objects whether ``updated_at`` can be exported (D.8.5).

    Raises:
        KeysRejected: The stream has no query.
    """
    query = query_of(stream)
    if query is None:
        raise refusal
    logger.warning(
        "%s: Pardot refuses to export %s (code %s): the rows are read by query%s.",
        stream.name,
        " and ".join(stream.variant.api_keys),
        refusal.code,
        "" if query.deleted else ", but for those in the recycle bin",
    )
    return query


def is_bulk(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream can be exported."""
    return any(isinstance(each, Export) for each in declared_endpoints(stream.v4))


def parents_of(stream: type[PardotStream] | PardotStream) -> Mapping[str, tuple[str, ...]]:
    """Return by parent stream the columns that a stream needs of its records; empty if no child."""
    return variant_of(stream).parents


def is_child(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream is a child: its ids or rows come from other streams' records."""
    return bool(parents_of(stream))


def is_append_only(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream's bookmark is an id."""
    return variant_of(stream).is_append_only


def reached(stream: PardotStream) -> datetime | None:
    """Return the instant before which all rows of a stream are written; None in the first run."""
    if is_append_only(stream):
        return stream.bookmark.until
    value = stream.bookmark.value
    return None if value is None else parse_instant(value)


def reached_text(stream: PardotStream, reading: Reading | None, hooks: TapHooks) -> str | None:
    """Return the instant before which all rows are written; None where all are read each time.

    Args:
        stream: The stream.
        reading: Its reading in this run. For a stream that is read through others, the instant is
            the run's end, if all ids were read.
        hooks: What the stream needs of the tap.
    """
    if is_child(stream):
        is_done = reading is not None and reading.result.status is Status.DONE
        return to_iso(hooks.open_sync().end) if is_done else None
    until = reached(stream) if stream.incremental else None
    return None if until is None else to_iso(until)
