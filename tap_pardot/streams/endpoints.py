"""What a stream declares: its endpoints, its kind, and the API's names of its columns."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Export, Lookup, ParentRows, Query
from tap_pardot.records.times import parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from tap_pardot.api.dialect import Endpoint
    from tap_pardot.sources.export_creation import KeysRejected
    from tap_pardot.streams.base import PardotStream

logger = logging.getLogger("tap-pardot")


def endpoints_of(stream: type[PardotStream] | PardotStream) -> tuple[Endpoint, ...]:
    """Return the endpoints of versions 3 and 4 that a stream declares, the preferred one first."""
    declared = stream.v4
    if declared is None:  # only version 5 has the stream
        return ()
    return declared if isinstance(declared, tuple) else (declared,)


def endpoint_for(stream: type[PardotStream] | PardotStream, config: Mapping[str, Any]) -> Endpoint:
    """Return the endpoint to read a stream by; the setting ``bulk_source`` chooses it."""
    first = endpoints_of(stream)[0]
    return query_of(stream) or first if config.get("bulk_source") == "query" else first


def query_of(stream: type[PardotStream] | PardotStream) -> Query | None:
    """Return the query that a stream declares; None if it has none."""
    return next((each for each in endpoints_of(stream) if isinstance(each, Query)), None)


def is_exported(stream: PardotStream) -> bool:
    """Return whether a stream is read by export jobs in this run."""
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
        " and ".join(api_keys(stream)),
        refusal.code,
        "" if query.deleted else ", but for those in the recycle bin",
    )
    return query


def log_missing_columns(stream: PardotStream) -> None:
    """Log which selected columns of a stream are left out because only exports have them."""
    missing = [name for name in stream.selected_columns if name not in stream.columns]
    if missing:
        logger.warning(
            "%s: only exports have %s; left out, because a query is the source.",
            stream.name,
            ", ".join(missing),
        )


def is_bulk(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream can be exported."""
    return any(isinstance(each, Export) for each in endpoints_of(stream))


def parents_of(stream: type[PardotStream] | PardotStream) -> Mapping[str, tuple[str, ...]]:
    """Return by parent stream the columns that a stream needs of its records; empty if no child."""
    first = endpoints_of(stream)[0]
    return first.parents if isinstance(first, (Lookup, ParentRows)) else {}


def is_child(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream is a child: its ids or rows come from other streams' records."""
    return bool(parents_of(stream))


def is_append_only(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream's bookmark is an id."""
    first = endpoints_of(stream)[0]
    return isinstance(first, Query) and first.append_only


def reached(stream: PardotStream) -> datetime | None:
    """Return the instant before which all rows of a stream are written; None in the first run."""
    if is_append_only(stream):
        return stream.bookmark.until
    value = stream.bookmark.value
    return None if value is None else parse_instant(value)


def api_name(stream: PardotStream, column: str) -> str:
    """Return the API field to request for a column."""
    return stream.api_names.get(column, (column,))[0]


def api_keys(stream: PardotStream) -> tuple[str, ...]:
    """Return the fields that are always requested: the primary keys and the replication key."""
    names = dict.fromkeys((*stream.primary_keys, stream.replication_key))
    return tuple(api_name(stream, name) for name in names if name is not None)


def api_fields(stream: PardotStream, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the API fields to request for some columns, keys first."""
    names = [api_name(stream, name) for name in columns if name not in stream.computed]
    return tuple(dict.fromkeys((*api_keys(stream), *names)))
