"""The SDK's mapper of a run, with maps for the selected streams only.

:func:`check` finds mistakes that do not depend on the streams' columns, before any call.
:func:`made` returns a ``PluginMapper`` as the SDK fills it, with three differences:

- A stream that is not selected keeps the SDK's plain map.
- A mask is a property that is computed from its own value. It is left out for a column that is not
  selected and, under a pattern, for a stream without the column. The SDK would fail there.
- An expression that fails for a record ends the stream with a sentence that shows no data.
"""

from __future__ import annotations

import ast
import logging
from fnmatch import fnmatch
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.mapper import (
    MAPPER_ALIAS_OPTION,
    MAPPER_FILTER_OPTION,
    MAPPER_SOURCE_OPTION,
    CustomStreamMap,
    PluginMapper,
    RemoveRecordTransform,
    SameRecordTransform,
    StreamMap,
)

from tap_pardot.errors import StreamFailed
from tap_pardot.records.numbers import Number
from tap_pardot.sdk.stream_map_setting import hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_pardot.sdk.records import DirectRecordStream
    from tap_pardot.sdk.stream_map_setting import Entry, StreamMaps

logger = logging.getLogger("tap-pardot")


def _digits(value: Any) -> str:
    if not isinstance(value, Number):
        raise TypeError
    return value.text


_encode = msgspec.json.Encoder(enc_hook=_digits).encode
"""Encodes values that a message can hold, and raises an error for others, such as functions."""


def check(maps: StreamMaps, streams: Iterable[str]) -> None:
    """Check the aliases and the syntax of the expressions.

    Args:
        maps: The setting.
        streams: The names of the selected streams.

    Raises:
        ConfigValidationError: Some are wrong. It shows no expressions, which may hold secrets.
    """
    pairs = [(entry, stream) for stream in streams for entry in maps.entries_for(stream)]
    # A pattern that matches several streams has each mistake once.
    if found := dict.fromkeys(mistake for pair in pairs for mistake in _mistakes(*pair)):
        raise ConfigValidationError("Stream maps cannot be used.", errors=[*found])


def _mistakes(entry: Entry, stream: str) -> Iterator[str]:
    try:
        _alias(entry, stream)
    except Exception as error:  # noqa: BLE001 - an expression can raise anything
        say = f"is neither a name nor an expression for one ({_kind(error)})"
        yield f"stream_maps: {entry.key}.{MAPPER_ALIAS_OPTION} {say}."
    filtering = {MAPPER_FILTER_OPTION: entry.values.get(MAPPER_FILTER_OPTION)}
    for name, text in (filtering | entry.properties).items():
        try:
            used = set() if text is None else _used(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            yield f"stream_maps: {entry.key}.{name} is not an expression ({_kind(error)})."
        else:
            if "fake" in used and find_spec("faker") is None:
                say = "needs the package faker: install it beside the tap"
                yield f"stream_maps: {entry.key}.{name} {say}."


def _kind(error: Exception) -> str:
    """Return the name of an error, or of the one that the SDK has wrapped in it."""
    return type(error.__cause__ or error).__name__


def _alias(entry: Entry, stream: str) -> str:
    """Return the name that an entry writes a stream under."""
    if entry.is_further:
        return entry.key
    if MAPPER_ALIAS_OPTION not in entry.values:
        return stream
    alias = PluginMapper._eval_stream(entry.values[MAPPER_ALIAS_OPTION], stream)  # noqa: SLF001
    if not (isinstance(alias, str) and alias.encode()):
        raise TypeError
    return alias


def _used(text: str) -> set[Any]:
    """Return the names in an expression, and those of columns in ``record`` and ``_``.

    Raises:
        SyntaxError: It is not an expression.
    """
    body = ast.parse(text).body
    if not (body and isinstance(body[0], ast.Expr)):  # the SDK evaluates the first statement
        raise SyntaxError
    used = set()
    for node in ast.walk(body[0]):
        match node:
            case (
                ast.Name(id=name)
                | ast.Attribute(value=ast.Name(id="record" | "_"), attr=name)
                | ast.Subscript(value=ast.Name(id="record" | "_"), slice=ast.Constant(value=name))
            ):
                used.add(name)
    return used


class NamedMap(CustomStreamMap):
    """A map whose errors name the property and never show the record."""

    key = ""  # of the entry

    def _eval(
        self, expr: str, expr_parsed: ast.Expr, record: dict[str, Any], property_name: str | None
    ) -> Any:
        """Return the value of an expression.

        Raises:
            StreamFailed: The expression fails, or a message cannot hold its value.
        """
        try:
            value = super()._eval(expr, expr_parsed, record, property_name)
            if property_name is None:
                return bool(value)  # the SDK logs the result of a filter, which may be data
            _encode(value)
        except Exception as error:  # noqa: BLE001 - an expression can raise anything
            raise StreamFailed(
                f"stream_maps: {self.key}.{property_name or MAPPER_FILTER_OPTION} fails for a "
                f"record ({_kind(error)}): make the expression work for all values, null too, and "
                "run again."
            ) from None
        return value


def made(
    maps: StreamMaps, streams: Mapping[str, DirectRecordStream], config: Mapping[str, Any]
) -> PluginMapper:
    """Return the mapper, and warn of entries that have no effect.

    Args:
        maps: The setting, for which :func:`check` has passed.
        streams: The tap's streams.
        config: The settings.

    Raises:
        ConfigValidationError: A map does not fit its stream's columns.
    """
    mapper = PluginMapper({**config, "stream_maps": {}}, logger)
    for stream in streams.values():
        renew(maps, stream, mapper)
    for sentence in _without_effect(maps, streams):
        logger.warning("stream_maps: %s.", sentence)
    if dropped := [n for n, each in streams.items() if maps.drops(n) and each.mask.get((), True)]:
        logger.info("Streams that stream_maps drop are not read: %s.", ", ".join(dropped))
    return mapper


def renew(maps: StreamMaps, stream: DirectRecordStream, mapper: PluginMapper) -> None:
    """Make the maps of one stream, or make them again after its columns have changed.

    Raises:
        ConfigValidationError: A map does not fit the columns.
    """
    schema = stream.emitted_schema if stream.selected else stream.effective_schema
    entries = maps.entries_for(stream.name) if stream.selected or maps.drops(stream.name) else []
    found = [_map(entry, stream, schema, mapper) for entry in entries]
    if not entries or entries[0].is_further:
        options = mapper.flattening_options
        found.insert(0, SameRecordTransform(stream.name, schema, stream.primary_keys, options))
    mapper.stream_maps[stream.name] = found


def _map(
    entry: Entry, stream: DirectRecordStream, schema: dict[str, Any], mapper: PluginMapper
) -> StreamMap:
    if entry.drops:
        return RemoveRecordTransform(stream.name, schema, None, mapper.flattening_options)
    left_out = _masks(entry) - schema["properties"].keys()
    if {*"*?["}.isdisjoint(entry.source):
        left_out &= _declared(stream)
    left_out |= {MAPPER_ALIAS_OPTION, MAPPER_SOURCE_OPTION}
    try:
        named = NamedMap(
            stream_alias=_alias(entry, stream.name),
            map_config=mapper.map_config,
            faker_config=mapper.faker_config,
            raw_schema=schema,
            key_properties=stream.primary_keys,
            map_transform={n: each for n, each in entry.values.items() if n not in left_out},
            flattening_options=mapper.flattening_options,
            stream_name=stream.name,
        )
    except Exception as error:  # noqa: BLE001 - of the SDK, or of faker
        say = f"{entry.key} cannot be used for {stream.name} ({_kind(error)}): {error}"
        raise ConfigValidationError(say, errors=[f"stream_maps: {say}"]) from None
    named.key = entry.key
    # Targets want a list, also without keys.
    named.transformed_key_properties = named.transformed_key_properties or []
    return named


def _masks(entry: Entry) -> set[str]:
    return {n for n, text in entry.properties.items() if text and _used(text) & {n, "self"}}


def _declared(stream: DirectRecordStream) -> set[str]:
    """Return the columns of a stream and of its catalog, selected or not."""
    return {*stream.schema["properties"], *stream.effective_schema["properties"]}


def _without_effect(maps: StreamMaps, streams: Mapping[str, DirectRecordStream]) -> Iterator[str]:
    """Yield a warning for each entry or property that matches nothing or is replaced."""
    for entry in maps.entries:
        matched = [each for name, each in streams.items() if fnmatch(name, entry.source)]
        used = [each for each in matched if entry in maps.entries_for(each.name)]
        if not matched:
            near = hint(entry.source, streams)
            yield f"{entry.source} is not a stream of this tap and changes nothing{near}"
        elif not used and any(each.mask.get((), True) for each in matched):
            yield (
                f"{entry.key} changes nothing, because a later entry is used for the same "
                "streams: only the last one that matches counts"
            )
        elif any(each.selected for each in used):
            columns = {column for each in matched for column in _declared(each)}
            removed = {name for name, text in entry.properties.items() if text is None}
            # A name unlike any column may be a custom field that Pardot has not reported.
            all_known = all(each.knows_fields for each in matched)
            for name in sorted((removed | _masks(entry)) - columns):
                if (near := hint(name, columns)) or all_known:
                    yield f"{entry.key}.{name} is not a column{near}"
