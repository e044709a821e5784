"""The setting ``stream_maps``: its form, and which of its entries apply to a stream.

The rules are those of the SDK:

- The last entry whose key is the stream's name, or a pattern that matches it, is the stream's own
  entry. It may rename the stream by ``__alias__``. If it is null, it drops the stream.
- Each entry whose ``__source__`` matches the stream makes a further stream, named by its key.
- ``__else__: null`` drops the streams that have no own entry.

The SDK's ``PluginMapper`` applies them too late: the tap must know before its first call which
streams are dropped and which expressions belong to selected streams.
"""

from __future__ import annotations

import json
import re
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
    from collections.abc import Iterable, Iterator, Mapping

_NULL = f'can only be null or "{NULL_STRING}"'
_NAME = "must be the name of a stream"
_EXPRESSION = "must be an expression in quotes, or null"

OPTIONS = {
    MAPPER_ALIAS_OPTION: _NAME,
    MAPPER_ELSE_OPTION: _NULL,
    MAPPER_FILTER_OPTION: _EXPRESSION,
    MAPPER_KEY_PROPERTIES_OPTION: "must be a list of property names, or null for none",
    MAPPER_SOURCE_OPTION: _NAME,
}
"""By option of an entry, what its value must be. All other keys are properties."""
_PLAIN_NAME = re.compile(r"[^\s.\"]+")


def _is_null(value: Any) -> bool:
    return value is None or value == NULL_STRING


def problems(setting: Any) -> Iterator[str]:
    """Yield one sentence for each problem in the form of the setting.

    Expressions are not checked, because those of streams that are not selected do not matter.
    """
    if not isinstance(setting, dict):
        return  # reported as for all settings
    if re.search("[\ud800-\udfff]", json.dumps(setting, ensure_ascii=False, default=str)):
        yield "stream_maps: a name or an expression holds half of a character."
        return
    for key, entry in setting.items():
        shown = _shown(key)
        if key == MAPPER_ELSE_OPTION:
            if not _is_null(entry):
                yield f"stream_maps: {key} {_NULL}."
        elif key.startswith("__"):
            yield f"stream_maps: {key} is not an option{hint(key, [MAPPER_ELSE_OPTION])}."
        elif isinstance(entry, dict):
            found = ((name, _problem(name, entry)) for name in entry)
            yield from (f"stream_maps: {shown}.{_shown(name)} {say}." for name, say in found if say)
        elif not _is_null(entry):
            yield f'stream_maps: {shown} must be an object, or null or "{NULL_STRING}" to drop it.'


def _problem(name: str, entry: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an option or a property of an entry."""
    if name == MAPPER_ALIAS_OPTION and MAPPER_SOURCE_OPTION in entry:
        return f"cannot go with {MAPPER_SOURCE_OPTION}: such an entry is named by its key"
    if name not in OPTIONS and name.startswith("_") and name.endswith("_"):
        # The SDK would make a property of it.
        return f"is not an option{hint(name, OPTIONS)}"
    return None if _has_form(name, entry[name]) else OPTIONS.get(name, _EXPRESSION)


def _has_form(name: str, value: Any) -> bool:
    if name == MAPPER_KEY_PROPERTIES_OPTION:
        return value is None or (isinstance(value, list) and all(isinstance(n, str) for n in value))
    if name == MAPPER_ELSE_OPTION:
        return _is_null(value)
    if name in {MAPPER_ALIAS_OPTION, MAPPER_SOURCE_OPTION}:
        return isinstance(value, str) and not _is_null(value) and bool(value.strip())
    return value is None or isinstance(value, str)


def hint(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that names the nearest known name, if there is one."""
    near = get_close_matches(name, list(known), 1)
    return f"; the nearest one is {near[0]}" if near else ""


class Entry(NamedTuple):
    """One entry of the setting.

    Attributes:
        key: Its key.
        drops: Whether it drops the stream.
        values: Its options and properties, with None in place of "__NULL__".
    """

    key: str
    drops: bool
    values: dict[str, Any]

    @property
    def source(self) -> str:
        """The stream it is for, or a pattern."""
        own = "*" if self.key == MAPPER_ELSE_OPTION else self.key
        return str(self.values.get(MAPPER_SOURCE_OPTION, own))

    @property
    def is_further(self) -> bool:
        """Whether it makes another stream beside its source."""
        return MAPPER_SOURCE_OPTION in self.values

    @property
    def properties(self) -> dict[str, str | None]:
        """By property an expression, or None to remove the property."""
        return {name: text for name, text in self.values.items() if name not in OPTIONS}


class StreamMaps:
    """The entries of the setting, which is not changed.

    Args:
        setting: The value of ``stream_maps``, for which :func:`problems` yields nothing.
    """

    def __init__(self, setting: Mapping[str, Any] | None) -> None:
        self.entries: list[Entry] = []
        for key, value in (setting or {}).items():
            given = {} if _is_null(value) else value
            values = {name: None if _is_null(each) else each for name, each in given.items()}
            entry = Entry(key, _is_null(value), values)
            # __else__ comes first, for all streams, so that any later entry replaces it.
            self.entries.insert(0 if key == MAPPER_ELSE_OPTION else len(self.entries), entry)

    def entries_for(self, stream: str) -> list[Entry]:
        """Return the stream's own entry, if there is one, and those that make further streams."""
        matching = [each for each in self.entries if fnmatch(stream, each.source)]
        own = [each for each in matching if not each.is_further]
        return [*own[-1:], *(each for each in matching if each.is_further)]

    def drops(self, stream: str) -> bool:
        """Whether nothing of a stream is written, so that the stream need not be read."""
        entries = self.entries_for(stream)
        return bool(entries) and all(each.drops for each in entries)


def _shown(name: str) -> str:
    """Return a name as messages show it: in quotes, where it would not be seen as one."""
    return name if _PLAIN_NAME.fullmatch(name) else json.dumps(name)
