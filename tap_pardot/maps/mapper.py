"""The stream maps of a run: made for the selected streams, for the SDK to use.

Where a pattern matches several streams, a mask of a column that a stream does not have does
nothing. The SDK would fail at the first record of that stream.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import (
    MAPPER_ELSE_OPTION,
    MAPPER_FILTER_OPTION,
    MAPPER_KEY_PROPERTIES_OPTION,
    PluginMapper,
    RemoveRecordTransform,
    StreamMap,
)

from tap_pardot.maps.expressions import (
    Columns,
    Faults,
    NamedMap,
    alias_of,
    check_names,
    names_in,
    parsed,
)
from tap_pardot.maps.setting import hint
from tap_pardot.streams.own_fields import CustomStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_pardot.maps.setting import Entry, StreamMaps
    from tap_pardot.streams.base import PardotStream

logger = logging.getLogger("tap-pardot")


def check(maps: StreamMaps, streams: Iterable[str]) -> None:
    """Check what can be checked without the columns, which take calls to find.

    Args:
        maps: The setting.
        streams: The names of the selected streams.

    Raises:
        ConfigValidationError: A map of theirs is not an expression.
    """
    faults = Faults()
    for stream in streams:
        for entry in maps.entries_for(stream):
            alias_of(entry, stream, faults)
            for name, text in entry.expressions.items():
                parsed(entry, stream, name, text, faults)
    faults.refuse()


def plain(
    streams: Mapping[str, PardotStream], config: Mapping[str, Any], log: logging.Logger
) -> PluginMapper:
    """Return the SDK's mapper with a plain map for each stream, selected or not.

    Args:
        streams: The tap's streams.
        config: The settings.
        log: Where the mapper logs.
    """
    mapper = PluginMapper({**config, "stream_maps": {}}, log)
    for stream in streams.values():
        _register(stream, mapper)
    return mapper


def _register(stream: PardotStream, mapper: PluginMapper) -> None:
    schema = stream.emitted_schema if stream.selected else stream.effective_schema
    mapper.register_raw_stream_schema(stream.name, schema, stream.primary_keys)


def install(maps: StreamMaps, streams: Mapping[str, PardotStream], mapper: PluginMapper) -> None:
    """Give the selected streams their maps, and warn of what does nothing.

    Args:
        maps: The setting; :func:`check` has passed.
        streams: The tap's streams.
        mapper: What :func:`plain` returns.

    Raises:
        ConfigValidationError: A map can never be used.
    """
    faults = Faults()
    dropped = [stream for name, stream in streams.items() if maps.drops(name)]
    for name, stream in streams.items():
        if stream.selected or stream in dropped:
            mapper.stream_maps[name] = _maps_of(maps, stream, mapper, faults)
    faults.refuse()
    for sentence in _without_effect(maps, streams):
        logger.warning("%s", sentence)
    if names := [stream.name for stream in dropped if _is_wanted(stream)]:
        logger.info("Streams that stream_maps drop are not read: %s.", ", ".join(names))


def renew(maps: StreamMaps, stream: PardotStream, mapper: PluginMapper) -> None:
    """Make the maps of one stream anew, after its columns have changed.

    Raises:
        ConfigValidationError: A map uses a column that is not there any more.
    """
    faults = Faults()
    mapper.stream_maps.pop(stream.name)
    _register(stream, mapper)
    mapper.stream_maps[stream.name] = _maps_of(maps, stream, mapper, faults)
    faults.refuse()


def _maps_of(
    maps: StreamMaps, stream: PardotStream, mapper: PluginMapper, faults: Faults
) -> list[StreamMap]:
    (plain,) = mapper.stream_maps[stream.name]
    removing = RemoveRecordTransform(
        stream.name, plain.raw_schema, None, flattening_options=mapper.flattening_options
    )
    made: list[StreamMap] = []
    if maps.own(stream.name) is None:
        made.append(removing if maps.drops_others else plain)
    for entry in maps.entries_for(stream.name):
        each = removing if entry.mapped is None else _made(entry, stream, plain, mapper, faults)
        made.append(each or plain)
    return made


def _made(
    entry: Entry, stream: PardotStream, plain: StreamMap, mapper: PluginMapper, faults: Faults
) -> StreamMap | None:
    """Return the map of an entry; None if there is a fault."""
    columns = Columns(plain.raw_schema["properties"], _declared(stream))
    entry = _without_absent(entry, columns)
    if not _keeps_keys(entry, stream, columns, faults):
        return None
    try:
        made = NamedMap(
            stream_alias=alias_of(entry, stream.name, faults),
            map_transform=entry.mapped or {},
            map_config=mapper.map_config,
            faker_config=mapper.faker_config,
            raw_schema=plain.raw_schema,
            key_properties=stream.primary_keys,
            flattening_options=mapper.flattening_options,
            stream_name=stream.name,
        )
    except Exception as error:  # noqa: BLE001 - of the SDK, or of faker
        say = f"cannot be used{': check faker_config' if mapper.faker_config else ''}"
        faults.add(entry, stream.name, "*", say, type(error).__name__)
        return None
    made.place = entry.place(stream.name, "{}")
    # Targets want a list, also without keys.
    made.transformed_key_properties = made.transformed_key_properties or []
    if _knows_its_columns(stream):
        check_names(entry, stream.name, made, columns, faults)
    return made


def _is_wanted(stream: PardotStream) -> bool:
    """Whether the catalog selects a stream, dropped or not."""
    return stream.mask.get((), True)


def _declared(stream: PardotStream) -> set[str]:
    return {*stream.schema["properties"], *stream.effective_schema["properties"]}


def _knows_its_columns(stream: PardotStream) -> bool:
    return not isinstance(stream, CustomStream) or stream.knows_fields


def _masks(entry: Entry) -> set[str]:
    """Return the properties that are computed from their own value."""
    return {
        name
        for name, text in entry.expressions.items()
        if name != MAPPER_FILTER_OPTION and not names_in(text).isdisjoint({name, "self"})
    }


def _without_absent(entry: Entry, columns: Columns) -> Entry:
    """Return an entry without masks of columns that are not selected or that others have."""
    absent = {
        name
        for name in _masks(entry)
        if name not in columns.selected and (entry.is_pattern or name in columns.declared)
    }
    mapped = {name: value for name, value in (entry.mapped or {}).items() if name not in absent}
    return entry._replace(mapped=mapped)


def _keeps_keys(entry: Entry, stream: PardotStream, columns: Columns, faults: Faults) -> bool:
    """Whether the mapped stream has its keys."""
    mapped = entry.mapped or {}
    keys: Sequence[str] = stream.primary_keys
    if renamed := MAPPER_KEY_PROPERTIES_OPTION in mapped:
        keys = mapped[MAPPER_KEY_PROPERTIES_OPTION] or ()
    kept = {*(() if MAPPER_ELSE_OPTION in mapped else columns.selected), *entry.expressions}
    for key in keys:
        if key in entry.removed:
            where, say = key, f"is a key: keep it, or set {MAPPER_KEY_PROPERTIES_OPTION}"
        elif key in kept:
            continue
        elif renamed:
            where = MAPPER_KEY_PROPERTIES_OPTION
            say = f"names {key}, which the mapped stream does not have"
        else:
            where, say = MAPPER_ELSE_OPTION, f'removes the key {key}: add "{key}": "{key}"'
        faults.add(entry, stream.name, where, say, "StreamMapConfigError")
        return False
    return True


# --- what does nothing ---


def _without_effect(maps: StreamMaps, streams: Mapping[str, PardotStream]) -> Iterator[str]:
    """Yield a sentence for each entry or property that does nothing, though data may need it."""
    for entry in maps.entries:
        matched = [stream for name, stream in streams.items() if entry.matches(name)]
        if not matched:
            what = f"the source of {entry.key}, {entry.source}," if entry.is_further else entry.key
            yield (
                f"stream_maps: {what} is not a stream of this tap and changes nothing"
                f"{hint(entry.source, streams)}."
            )
            continue
        used = [each for each in matched if entry in maps.entries_for(each.name)]
        if used:
            yield from _absent(entry, matched, used)
        elif any(map(_is_wanted, matched)):
            yield (
                f"stream_maps: {entry.key} changes nothing, because a later entry is used for the "
                "same streams: only the last one that matches counts."
            )


def _absent(entry: Entry, matched: list[PardotStream], used: list[PardotStream]) -> Iterator[str]:
    """Yield a sentence for each property to remove or to mask that no stream has."""
    if not any(each.selected for each in used) or not all(map(_knows_its_columns, matched)):
        return
    columns = {column for each in matched for column in _declared(each)}
    for name in sorted({*entry.removed, *_masks(entry)} - columns):
        yield (
            f"stream_maps: {entry.place(entry.source, name)} is not a column and changes nothing"
            f"{hint(name, columns)}."
        )
