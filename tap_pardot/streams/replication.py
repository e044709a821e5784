"""What a catalog may say of a stream's replication, and what of it is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Query

if TYPE_CHECKING:
    from tap_pardot.streams.base import PardotStream

INCREMENTAL = "INCREMENTAL"
FULL_TABLE = "FULL_TABLE"


def valid_keys(stream: PardotStream) -> tuple[str, ...]:
    """Return the columns by which a stream can be INCREMENTAL."""
    if stream.declared_key is not None:
        return (stream.declared_key,)
    is_whole = isinstance(stream.endpoint, Query) and stream.endpoint.time is None
    return ("updated_at",) if is_whole and "updated_at" in stream.schema["properties"] else ()


def can_be_incremental(stream: PardotStream) -> bool:
    """Return whether Pardot can be asked for what has changed, also by a time not in the rows."""
    endpoint = stream.endpoint
    has_filter = isinstance(endpoint, Query) and endpoint.time == "updated_at"
    return has_filter or bool(valid_keys(stream))


def valid_replication(stream: PardotStream) -> str:
    """Return what a catalog may say of the replication, for the user."""
    if not can_be_incremental(stream):
        return FULL_TABLE
    keys = valid_keys(stream)
    by_keys = f" by {' or '.join(keys)}" if keys else ""
    return f"{INCREMENTAL}{by_keys}, {FULL_TABLE}"


def adopt_replication(stream: PardotStream) -> str:
    """Follow what the catalog says of the replication; return what of it is ignored.

    A key or a method that the stream does not offer counts as not given. Rows would be lost by
    another key than the declared ones.
    """
    named_key, method = stream.replication_key, stream.forced_replication_method
    stream.replication_key, stream.forced_replication_method = stream.declared_key, None
    valid = valid_keys(stream)
    ignored = []
    if named_key and named_key not in valid:  # Meltano writes null as {}
        ignored.append(f"replication key {named_key}")
    if method == FULL_TABLE or (method == INCREMENTAL and can_be_incremental(stream)):
        stream.forced_replication_method = method
    elif method is not None:
        ignored.append(f"replication method {method}")
    if named_key in valid or stream.replication_method == INCREMENTAL:
        # Some catalogs name the method only, others only the key.
        stream.replication_key = valid[0] if valid else None
    return " and ".join(ignored)
