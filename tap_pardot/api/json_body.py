"""Decodes the JSON body of an answer, also if its bytes are not quite JSON or not quite UTF-8."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import chain, compress
from typing import Any

import msgspec

from tap_pardot.records.numbers import Number
from tap_pardot.records.repair import repaired_json

MOST_LEVELS = 64
"""How deeply an answer may be nested; Pardot's own have fewer than ten levels."""

_LONGEST_STORED = 20  # characters of a number


def _number(text: str) -> float:
    """Return a number that keeps its digits: 1.50 may be a name that Pardot left unquoted (A.6)."""
    return _short_number(text) if len(text) <= _LONGEST_STORED else Number(text)


@lru_cache(maxsize=8192)
def _short_number(text: str) -> float:
    number = float(text)
    has_same_digits = repr(number) == text and "e" not in text  # 1e+16 is written as 1e16
    return number if has_same_digits else Number(text)


_decoder = msgspec.json.Decoder(float_hook=_number)
_NUL = rb"\u0000"
_NESTED = frozenset({dict, list})
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_BLANKS = "\ufeff \t\r\n"


def json_of(body: bytes) -> Any:
    """Return the JSON value of a body; None if it is not JSON, or is nested too deeply."""
    try:
        value, is_clean = _decoder.decode(body), _NUL not in body
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value, is_clean = _lenient(body), False
    # The interpreter's own limit differs between versions of Python.
    if _may_be_deeper(body, MOST_LEVELS) and _is_deeper(value, MOST_LEVELS):
        return None
    return value if is_clean else repaired_json(value)


def _lenient(body: bytes) -> Any:
    """Return the JSON value of a body that is not quite UTF-8, or has a byte order mark.

    One string that was cut inside a character (half an emoji) must not make a page unreadable.
    """
    try:
        encoding = json.detect_encoding(body)
        # Bytes and half characters that cannot be decoded are repaired later.
        errors = "surrogateescape" if encoding.startswith("utf-8") else "surrogatepass"
        text = body.decode(encoding, errors)
        return json.loads(text, parse_float=_number, parse_constant=str, strict=False)
    except (ValueError, RecursionError):
        return None


def _may_be_deeper(body: bytes, levels: int) -> bool:
    """Return whether brackets alone leave open that a body is nested in more than some levels.

    The brackets of a flat page vanish when innermost pairs are taken out a few times, which is
    far cheaper than a walk over all values. Strings may hold brackets too: then the pairs rarely
    come out even, and the walk decides.
    """
    brackets = body.translate(None, _ALL_BUT_BRACKETS)
    for _ in range(levels // 2):  # each time takes out one level or two
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets)


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether a value has lists and objects nested in more than some levels."""
    layer: list[Any] = [value]
    for _ in range(levels + 1):
        if _NESTED.isdisjoint(map(type, layer)):
            return False
        nested = compress(layer, map(_NESTED.__contains__, map(type, layer)))
        views = [each.values() if type(each) is dict else each for each in nested]
        layer = [*chain.from_iterable(views)]
    return True


def is_an_answer(beginning: bytes) -> bool:
    """Return whether the beginning of a downloaded file shows JSON, XML or HTML instead of CSV."""
    text = beginning.decode(json.detect_encoding(beginning), "replace")
    return text.lstrip(_BLANKS)[:1] in {"{", "<", "["}
