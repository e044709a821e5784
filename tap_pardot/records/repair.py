"""Texts with characters that a warehouse refuses: what becomes of them.

PostgreSQL takes no NUL in a text, and nothing takes half a character or bytes that are not UTF-8.
NUL characters are removed; the others become U+FFFD, one for each piece that cannot be read.

Until then such bytes are lone surrogates, as the error handler ``surrogateescape`` makes them, so
that a U+FFFD that Pardot itself has sent is never taken for one of ours.

Pure: no I/O.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_REFUSED = re.compile("[\0\ud800-\udfff]")
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # half a character; no byte stands for it


class Repaired(str):
    """A text of an answer that was repaired.

    A class of its own, so that whoever emits it can count it. Everything else may take it for
    the text that it is.
    """

    __slots__ = ()


def is_refused(text: str) -> bool:
    """Whether a text has characters that a warehouse refuses."""
    return _REFUSED.search(text) is not None


def repaired(text: str) -> str:
    """Return a text without them."""
    escaped = _NO_BYTE.sub("\N{REPLACEMENT CHARACTER}", text)
    return escaped.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "")


def repaired_json(value: Any) -> Any:
    """Return a decoded JSON value in which each text that needed it is :class:`Repaired`."""
    if isinstance(value, str):
        return Repaired(repaired(value)) if is_refused(value) else value
    if isinstance(value, list):
        return [repaired_json(item) for item in value]
    if isinstance(value, dict):
        return {_key(key): repaired_json(item) for key, item in value.items()}
    return value


def _key(name: str) -> str:
    # Without its NUL, a strange name could become that of another key.
    return repaired(name.replace("\0", "\N{REPLACEMENT CHARACTER}")) if is_refused(name) else name


def is_repaired(value: Any) -> bool:
    """Whether a value is a repaired text, or holds one."""
    if isinstance(value, list):
        return any(map(is_repaired, value))
    if isinstance(value, dict):
        return any(map(is_repaired, value.values()))
    return type(value) is Repaired


def as_plain(value: Any) -> Any:
    """Return a value with plain texts in place of the repaired ones."""
    if isinstance(value, list):
        return [as_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: as_plain(item) for key, item in value.items()}
    return str(value) if type(value) is Repaired else value


def joined(texts: Iterable[str]) -> str:
    """Return texts as one with semicolons between them; repaired, if one of them is."""
    parts = list(texts)
    text = ";".join(parts)
    return Repaired(text) if Repaired in map(type, parts) else text
