"""The setting ``stream_maps``: its form, and which entry holds for which stream.

The SDK evaluates the expressions. Which entry holds for a stream is decided here, because the tap
must know before its first call which streams are dropped, because maps of streams that are not
selected do nothing, and because the SDK's mapper takes ``__else__`` out of the dict it is given.

The rules are the SDK's. The last entry whose key is the stream's name, or a pattern that fits it,
holds for the stream under its own name. Each entry whose ``__source__`` is the stream makes a
further stream of it. ``__else__`` drops the streams that no entry holds for.
"""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk.mapper import (
    MAPPER_ALIAS_OPTION,
    MAPPER_ELSE_OPTION,
    MAPPER_FILTER_OPTION,
    MAPPER_KEY_PROPERTIES_OPTION,
    MAPPER_SOURCE_OPTION,
    NULL_STRING,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OPTIONS = (
    MAPPER_ALIAS_OPTION,
    MAPPER_ELSE_OPTION,
    MAPPER_FILTER_OPTION,
    MAPPER_KEY_PROPERTIES_OPTION,
    MAPPER_SOURCE_OPTION,
)
"""The options of a stream's entry; all other keys of it are properties."""

_ONLY_NULL = f'can only be null or "{NULL_STRING}"'


def is_null(value: Any) -> bool:
    """Whether a value of the setting removes a stream or a property."""
    return value is None or value == NULL_STRING


# --- the form of the setting ---


def problems(setting: Any) -> Iterator[str]:
    """Yield one sentence for each thing that is wrong with the form of the setting.

    Expressions are not looked at: those of streams that are not selected may be anything.
    """
    if not isinstance(setting, dict):
        return  # whether it is an object is checked as for all settings
    for key, entry in setting.items():
        if key == MAPPER_ELSE_OPTION:
            if not is_null(entry):
                yield f"stream_maps: {key} {_ONLY_NULL}."
        elif key.startswith("__"):
            yield f"stream_maps: {key} is not an option{hint(key, [MAPPER_ELSE_OPTION])}."
        elif not _is_unicode(key):
            yield "stream_maps: each entry must have a name in UTF-8."
        elif isinstance(entry, dict):
            yield from _entry_problems(key, entry)
        elif not is_null(entry):
            yield f'stream_maps: {key} must be an object, or null or "{NULL_STRING}" to drop it.'


def _entry_problems(key: str, entry: dict[str, Any]) -> Iterator[str]:
    if MAPPER_SOURCE_OPTION in entry and MAPPER_ALIAS_OPTION in entry:
        yield (
            f"stream_maps: {key} has both {MAPPER_SOURCE_OPTION} and {MAPPER_ALIAS_OPTION}: an "
            f"entry with {MAPPER_SOURCE_OPTION} is named by its key."
        )
    for name, value in entry.items():
        if not _is_unicode(name):
            yield f"stream_maps: each property of {key} must have a name in UTF-8."
        elif say := _value_problem(name, value):
            yield f"stream_maps: {key}.{name} {say}."


def _value_problem(name: str, value: Any) -> str | None:
    """Return what is wrong with a property or an option."""
    if name == MAPPER_ELSE_OPTION:
        return None if is_null(value) else _ONLY_NULL
    if name == MAPPER_KEY_PROPERTIES_OPTION:
        good = value is None or _is_list_of_strings(value)
        return None if good else "must be a list of property names, or null for none"
    if name in {MAPPER_SOURCE_OPTION, MAPPER_ALIAS_OPTION}:
        good = isinstance(value, str) and bool(value.strip())
        return None if good else "must be the name of a stream"
    if _is_mistaken_option(name):
        return f"is not an option{hint(name, OPTIONS)}"
    if value is None or isinstance(value, str):
        return None
    return "must be an expression in quotes, or null"


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_unicode(text: str) -> bool:
    """Whether a message can hold a text: JSON may name halves of characters."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def _is_mistaken_option(name: str) -> bool:
    """Whether a key of an entry looks like an option; the SDK would make a property of it."""
    if name in OPTIONS or not name.startswith("_"):
        return False
    return (name.startswith("__") and name.endswith("__")) or bool(
        get_close_matches(name, OPTIONS, 1, 0.85)
    )


def hint(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that tells the nearest known name, if there is one."""
    near = get_close_matches(name, list(known), 1)
    return f"; the nearest one is {near[0]}" if near else ""


# --- what holds for which stream ---


class Entry(NamedTuple):
    """One entry of the setting.

    Attributes:
        key: Its key.
        source: The stream it is about, or a pattern.
        is_further: Whether it makes a further stream besides the source.
        alias: An expression for the name to write the stream under.
        mapped: The properties and the other options; None drops the stream.
    """

    key: str
    source: str
    is_further: bool
    alias: str | None
    mapped: dict[str, Any] | None

    def matches(self, stream: str) -> bool:
        """Whether it is about a stream."""
        return stream == self.source or fnmatch(stream, self.source)

    @property
    def is_pattern(self) -> bool:
        """Whether it may be about several streams."""
        return not {*"*?["}.isdisjoint(self.source)

    @property
    def expressions(self) -> dict[str, str]:
        """The expressions by property; that of the filter by its option."""
        return {
            name: value
            for name, value in (self.mapped or {}).items()
            if (name == MAPPER_FILTER_OPTION or name not in OPTIONS) and not is_null(value)
        }

    @property
    def removed(self) -> set[str]:
        """The properties to remove."""
        mapped = self.mapped or {}
        return {name for name in mapped if name not in OPTIONS and is_null(mapped[name])}

    def place(self, stream: str, name: str) -> str:
        """Return where a property or an option of a stream's entry stands, for sentences."""
        return f"{self.key}.{name} (from {stream})" if self.is_further else f"{stream}.{name}"


def _entry(key: str, value: dict[str, Any] | str | None) -> Entry:
    if not isinstance(value, dict):
        return Entry(key, key, is_further=False, alias=None, mapped=None)
    mapped = {**value}
    source, alias = mapped.pop(MAPPER_SOURCE_OPTION, None), mapped.pop(MAPPER_ALIAS_OPTION, None)
    return Entry(key, source or key, is_further=source is not None, alias=alias, mapped=mapped)


class StreamMaps:
    """The setting, read once; the dict it comes in stays as it is.

    Args:
        setting: The value of ``stream_maps``, in which there are no :func:`problems`.
    """

    def __init__(self, setting: dict[str, Any] | None) -> None:
        setting = setting or {}
        self.drops_others = MAPPER_ELSE_OPTION in setting
        self.entries = [
            _entry(key, value) for key, value in setting.items() if key != MAPPER_ELSE_OPTION
        ]

    @property
    def drops_any(self) -> bool:
        """Whether there are streams to drop."""
        return self.drops_others or any(each.mapped is None for each in self.entries)

    def own(self, stream: str) -> Entry | None:
        """Return the entry for a stream under its own name, or its alias; None without one."""
        return next(
            (e for e in reversed(self.entries) if not e.is_further and e.matches(stream)), None
        )

    def further(self, stream: str) -> list[Entry]:
        """Return the entries that make further streams of a stream."""
        return [each for each in self.entries if each.is_further and each.matches(stream)]

    def entries_for(self, stream: str) -> list[Entry]:
        """Return all entries that are used for a stream."""
        own = self.own(stream)
        return [*([] if own is None else [own]), *self.further(stream)]

    def drops(self, stream: str) -> bool:
        """Whether nothing of a stream is written, so that it need not be read."""
        own = self.own(stream)
        dropped = self.drops_others if own is None else own.mapped is None
        return dropped and not self.further(stream)
