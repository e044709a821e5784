"""Streams and columns that are off: discovery does not offer them unless ``include`` names them.

Meltano selects everything but what a catalog calls ``unsupported``, so that is what they are. A
catalog that selects one otherwise, such as one of version 4, is followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.singerlib import Metadata

from tap_pardot.config.environment import with_nearest
from tap_pardot.sdk.catalog import Offer
from tap_pardot.streams.replication import valid_keys
from tap_pardot.streams.variants import (
    V4,
    V5,
    columns_of_both,
    declared_columns,
    off_by_default,
    variants_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from singer_sdk.singerlib import MetadataMapping

    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.hooks import TapHooks


def is_off(stream: type[PardotStream] | PardotStream, include: Collection[str]) -> bool:
    """Return whether a whole stream is off under version 5."""
    names = {each.partition(".")[0] for each in include}
    return not stream.selected_by_default and stream.name not in names


def ignored_names(
    include: frozenset[str], streams: Iterable[PardotStream], *, reads_version_5: bool
) -> str | None:
    """Return a sentence about what is ignored of ``include``; None if nothing is.

    Args:
        include: The setting.
        streams: All streams.
        reads_version_5: Whether ``api_version`` is 5.
    """
    if not reads_version_5:
        return "include is ignored: it needs api_version 5." if include else None
    by_name = {stream.name: stream for stream in streams}
    known = {
        *by_name,
        *(f"{name}.{column}" for name in by_name for column in by_name[name].schema["properties"]),
    }
    # A stream that is not read has columns of the account that the tap does not know.
    unsure = {f"{name}." for name, stream in by_name.items() if not stream.knows_fields}
    unknown = [
        with_nearest(name, known)
        for name in sorted(include - known)
        if not name.startswith(tuple(unsure))
    ]
    if not unknown:
        return None
    return f"include names streams or columns that do not exist: {', '.join(unknown)}."


def off_columns(
    stream: type[PardotStream] | PardotStream, include: Collection[str]
) -> frozenset[str]:
    """Return the columns of a stream that are off under version 5.

    The stream's own name in ``include`` does not include its columns. Custom fields are never off.
    """
    own = None if isinstance(stream, type) else stream.custom
    off = off_by_default(stream).difference(() if own is None else own.columns)
    return frozenset(name for name in off if f"{stream.name}.{name}" not in include)


def offers(
    streams: Iterable[type[PardotStream]], include: Collection[str], *, reads_version_5: bool
) -> dict[str, Offer]:
    """Return what a catalog can select of each stream, by its name.

    Args:
        streams: The streams.
        include: The setting.
        reads_version_5: Whether ``api_version`` is 5.
    """
    return {each.name: _offer(each, include, reads_version_5) for each in streams}


def _offer(
    stream: type[PardotStream],
    include: Collection[str],
    reads_version_5: bool,  # noqa: FBT001
) -> Offer:
    if not reads_version_5:
        columns, later = declared_columns(stream), stream.v5_columns
    else:
        columns, later = columns_of_both(stream), {}
    variants = variants_of(stream)
    dialects = (V4, V5) if reads_version_5 else (V4,)
    names = {key for each in dialects if each in variants for key in variants[each].keys}
    return Offer(
        {name: columns[name] for name in columns if name in names},
        off_columns(stream, include) if reads_version_5 else frozenset(),
        is_off=reads_version_5 and is_off(stream, include),
        later=later,
    )


def complete_metadata(stream: PardotStream, metadata: MetadataMapping, hooks: TapHooks) -> None:
    """Add to the standard metadata the valid replication keys, and what is off by default.

    Args:
        stream: The stream.
        metadata: Its metadata, changed in place.
        hooks: What the stream needs of the tap.
    """
    if keys := valid_keys(stream):
        metadata.root.valid_replication_keys = [*keys]
    if not hooks.reads_version_5:
        for name in stream.off_by_default:
            metadata["properties", name].selected_by_default = False
        return
    unsupported = Metadata.InclusionType.UNSUPPORTED
    for name in stream.off:
        metadata["properties", name].inclusion = unsupported
    is_on = not is_off(stream, hooks.include)
    metadata.root.selected = metadata.root.selected_by_default = is_on
    if not is_on:
        metadata.root.inclusion = unsupported


def has_keys(stream: PardotStream) -> bool:
    """Return whether the catalog's primary keys are names of columns, one or more."""
    keys = stream.primary_keys
    known = stream.schema["properties"].keys() & stream.effective_schema["properties"]
    return (
        isinstance(keys, list)
        and bool(keys)
        and all(isinstance(key, str) and key in known for key in keys)
    )
