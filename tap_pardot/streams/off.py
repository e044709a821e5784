"""Streams and columns that are off: discovery does not offer them unless ``include`` names them.

Meltano selects everything but what a catalog calls ``unsupported``, so that is what they are. A
catalog that offers and selects one, such as one of another ``api_version``, is followed.
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
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from singer_sdk.singerlib import MetadataMapping
    from singer_sdk.singerlib.catalog import Breadcrumb

    from tap_pardot.streams.base import PardotStream


def is_off(stream: type[PardotStream] | PardotStream, include: Collection[str]) -> bool:
    """Return whether a whole stream is off. A column in ``include`` includes its stream."""
    names = {each.partition(".")[0] for each in include}
    return not stream.selected_by_default and stream.name not in names


def ignored_names(
    include: frozenset[str],
    streams: Iterable[PardotStream],
    later: Collection[type[PardotStream]],
) -> Iterator[str]:
    """Return the sentences about what is ignored of ``include``.

    Args:
        include: The setting.
        streams: The streams of this run.
        later: The streams that need ``api_version`` 5 and are not among them.
    """
    by_name = {stream.name: stream for stream in streams}
    known = {
        *by_name,
        *(f"{name}.{column}" for name in by_name for column in by_name[name].schema["properties"]),
    }
    # A stream that is not read has columns of the account that the tap does not know.
    unsure = tuple(f"{name}." for name, stream in by_name.items() if not stream.knows_fields)
    unknown = sorted(include - known)
    if needing := [name for name in unknown if _needs_version_5(name, by_name, later)]:
        yield f"include names {', '.join(needing)}: that needs api_version 5 and is ignored."
    wrong = [
        with_nearest(name, known)
        for name in unknown
        if name not in needing and not name.startswith(unsure)
    ]
    if wrong:
        yield f"include names streams or columns that do not exist: {', '.join(wrong)}."


def _needs_version_5(
    name: str, streams: Mapping[str, PardotStream], later: Iterable[type[PardotStream]]
) -> bool:
    """Return whether a name in ``include`` is that of a stream or column of version 5 alone."""
    stream, _, column = name.partition(".")
    if stream in streams:
        return column in streams[stream].v5_columns
    return any(
        stream == each.name and (not column or column in declared_columns(each)) for each in later
    )


def off_columns(
    stream: type[PardotStream] | PardotStream,
    include: Collection[str],
    *,
    reads_version_5: bool,
) -> frozenset[str]:
    """Return the columns of a stream that are off.

    The stream's own name in ``include`` does not include its columns. Custom fields are never off.

    Args:
        stream: The stream.
        include: The setting.
        reads_version_5: Whether ``api_version`` is 5.
    """
    own = None if isinstance(stream, type) else stream.custom
    off = off_by_default(stream, reads_version_5=reads_version_5)
    off = off.difference(() if own is None else own.columns)
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
    off = _breadcrumbs(stream, include, reads_version_5)
    return Offer(
        {name: columns[name] for name in columns if name in names},
        off,
        included=_breadcrumbs(stream, (), reads_version_5) - off,
        later=later,
    )


def _breadcrumbs(
    stream: type[PardotStream],
    include: Collection[str],
    reads_version_5: bool,  # noqa: FBT001
) -> frozenset[Breadcrumb]:
    """Return where the catalog's metadata of a stream have what is off: ``()`` is the stream."""
    columns = off_columns(stream, include, reads_version_5=reads_version_5)
    return frozenset(("properties", name) for name in columns).union(
        [()] if is_off(stream, include) else []
    )


def complete_metadata(
    stream: PardotStream, metadata: MetadataMapping, include: Collection[str]
) -> None:
    """Add to the standard metadata the valid replication keys, and what is off by default.

    Args:
        stream: The stream.
        metadata: Its metadata, changed in place.
        include: The setting.
    """
    if keys := valid_keys(stream):
        metadata.root.valid_replication_keys = [*keys]
    unsupported = Metadata.InclusionType.UNSUPPORTED
    for name in stream.off:
        metadata["properties", name].inclusion = unsupported
    if is_off(stream, include):
        # Without "selected": an explicit False is the user's own.
        metadata.root.inclusion, metadata.root.selected = unsupported, None
    else:
        metadata.root.selected = metadata.root.selected_by_default = True


def has_keys(stream: PardotStream) -> bool:
    """Return whether the catalog's primary keys are names of columns, one or more."""
    keys = stream.primary_keys
    known = stream.schema["properties"].keys() & stream.effective_schema["properties"]
    return (
        isinstance(keys, list)
        and bool(keys)
        and all(isinstance(key, str) and key in known for key in keys)
    )
