"""The replication settings of a catalog: which are valid for a stream, and which are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Query
from tap_pardot.streams.variants import V4, V5

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
    """Return whether a stream can be INCREMENTAL: by a key, or by a filter without a column."""
    endpoint = stream.endpoint
    has_filter = isinstance(endpoint, Query) and endpoint.time == "updated_at"
    return has_filter or bool(valid_keys(stream))


def valid_replication(stream: PardotStream) -> str:
    """Return the methods and keys that a catalog may set for a stream, for the log."""
    if not can_be_incremental(stream):
        return FULL_TABLE
    keys = valid_keys(stream)
    by_keys = f" by {' or '.join(keys)}" if keys else ""
    return f"{INCREMENTAL}{by_keys}, {FULL_TABLE}"


def replication_in_catalog(
    stream: PardotStream, key: str | None, method: str | None
) -> tuple[str | None, str | None]:
    """Return the key and the method that a catalog names for a stream.

    FULL_TABLE in a catalog of version 4 is the default of a child. Where version 5 reads it
    without parents, the stream's own default counts.
    """
    by_v4 = stream.variants.get(V4)
    was_child = by_v4 is not None and bool(by_v4.parents) and V5 in stream.variants
    root = stream.metadata.get(())
    if was_child and method == FULL_TABLE and not getattr(root, "valid_replication_keys", None):
        return None, None
    return key, method


def adopt_replication(stream: PardotStream, named_key: str | None, method: str | None) -> str:
    """Apply replication settings to a stream; return those ignored, for the log.

    A key or a method that the stream does not offer is ignored: rows would be lost with another
    key than the declared ones. The result is empty if nothing is ignored.

    Args:
        stream: The stream.
        named_key: The replication key that the catalog names; None if it names none.
        method: The method that it names.
    """
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
