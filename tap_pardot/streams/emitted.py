"""The schema and the types that a stream emits, after the catalog's changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_pardot.errors import ConfigurationError
from tap_pardot.records.column_types import Mismatch, conversions, declared_kind, with_nulls
from tap_pardot.records.decoder import kind_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable

    from tap_pardot.streams.base import PardotStream


def selected_columns(stream: PardotStream) -> list[str]:
    """Return the selected columns of a stream and its keys, in the schema's order."""
    keys = {*stream.primary_keys, stream.replication_key}
    return [
        name
        for name in stream.effective_schema["properties"]
        if name in stream.schema["properties"]
        and (name in keys or stream.mask.get(("properties", name), True))
    ]


def emitted_schema(stream: PardotStream) -> dict[str, Any]:
    """Return the schema of exactly the columns that are emitted."""
    schema: dict[str, Any] = stream.effective_schema
    own, catalog = stream.schema["properties"], schema["properties"]
    columns = {name: with_nulls(own[name], catalog[name]) for name in stream.columns}
    schema = {**schema, "properties": columns}
    if "required" in schema:  # it may name columns that are not selected
        schema["required"] = [n for n in stream.schema.get("required", ()) if n in columns]
    return schema


def string_columns(stream: PardotStream, needed: Iterable[str]) -> frozenset[str]:
    """Return the scalar columns that the catalog declares as strings.

    Args:
        stream: The stream.
        needed: Columns to leave out, because the tap needs their values in the declared types.
    """
    excluded = {*stream.primary_keys, *needed, "created_at", "updated_at"}
    own, catalog = stream.schema["properties"], stream.effective_schema["properties"]
    return frozenset(
        name
        for name in stream.columns
        if name not in excluded
        and (kind := kind_of(own[name])) not in {"string", "array", "object", ""}
        and declared_kind(catalog[name], kind) == "string"
    )


def conversions_of(
    stream: PardotStream, timestamp: Callable[[Any], Any], errors: Counter[str]
) -> dict[str, Callable[[Any], Any]]:
    """Return by column the converter to the emitted type, for columns that the catalog retypes.

    Args:
        stream: The stream.
        timestamp: The converter of times.
        errors: Counts the values that do not convert, by column.

    Raises:
        ConfigurationError: A column cannot be emitted as the catalog declares it.
    """
    own, catalog = stream.schema["properties"], stream.effective_schema["properties"]
    try:
        return conversions(own, catalog, stream.columns, timestamp, errors)
    except Mismatch as mismatch:
        raise ConfigurationError(
            f"The catalog's types of stream {stream.name} cannot be emitted: {mismatch}. Take "
            "the column's type out of the catalog (Meltano: the schema extra), or discover "
            "the catalog anew."
        ) from None
