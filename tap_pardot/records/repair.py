"""Repair of strings with characters that a warehouse refuses.

PostgreSQL takes no NUL in a string. No warehouse takes half of a surrogate pair, or bytes that are
not UTF-8. NUL characters are removed. Each of the other sequences becomes one U+FFFD.

Until they are repaired, such bytes are lone surrogates, as the error handler ``surrogateescape``
makes them. So a U+FFFD that Pardot itself has sent does not count as a repair.

Pure: no I/O.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_REFUSED = re.compile("[\0\ud800-\udfff]")
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # stand for no byte


class Repaired(str):
    """A repaired string of an answer.

    It has a class of its own so that the decoder can count it. Everything else can use it as any
    other string.
    """

    __slots__ = ()


def is_refused(text: str) -> bool:
    """Whether a string has characters that a warehouse refuses."""
    return _REFUSED.search(text) is not None


def repaired(text: str) -> str:
    """Return a string without characters that a warehouse refuses."""
    escaped = _NO_BYTE.sub("\N{REPLACEMENT CHARACTER}", text)
    return escaped.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "")


def repaired_json(value: Any) -> Any:
    """Return a decoded JSON value; each string that was repaired is a :class:`Repaired`."""
    if isinstance(value, str):
        return Repaired(repaired(value)) if is_refused(value) else value
    if isinstance(value, list):
        return [repaired_json(item) for item in value]
    if isinstance(value, dict):
        return {_key(key): repaired_json(item) for key, item in value.items()}
    return value


def _key(name: str) -> str:
    # A NUL that is only removed could make the name of another key.
    return repaired(name.replace("\0", "\N{REPLACEMENT CHARACTER}")) if is_refused(name) else name


def is_repaired(value: Any) -> bool:
    """Whether a value is a repaired string, or holds one."""
    if isinstance(value, list):
        return any(map(is_repaired, value))
    if isinstance(value, dict):
        return any(map(is_repaired, value.values()))
    return type(value) is Repaired


def as_plain(value: Any) -> Any:
    """Return a value with plain strings in place of the repaired ones."""
    if isinstance(value, list):
        return [as_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: as_plain(item) for key, item in value.items()}
    return str(value) if type(value) is Repaired else value


def joined(texts: Iterable[str]) -> str:
    """Return strings joined by semicolons, as :class:`Repaired` if one of them is."""
    parts = list(texts)
    text = ";".join(parts)
    return Repaired(text) if Repaired in map(type, parts) else text
