"""The words of API versions 3 and 4: addresses, and what an answer says.

The one seam where another dialect (version 5) can be added without touching the streams.
Pure functions, no I/O.
"""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from tap_pardot.errors import Retriable, StreamFailed
from tap_pardot.records.decoder import ConversionError, as_list, camel_case, snake_case, to_integer
from tap_pardot.records.numbers import Number
from tap_pardot.records.repair import repaired_json

if TYPE_CHECKING:
    from tap_pardot.api.http import Answer

PAGE_SIZE = 200
"""Rows of a full page of a query (reference A.12)."""

MOST_LEVELS = 64
"""How deeply an answer may be nested; Pardot's own have less than ten levels (part C)."""

# A number keeps the digits of "1.50", which is a name that Pardot wrote as a number (A.6).
_decoder = msgspec.json.Decoder(float_hook=Number)
_XML_ERROR = re.compile(rb'<err code="(\d{1,6})"')
_NUL = rb"\u0000"
_NESTED = frozenset({dict, list})
_BLANKS = "\ufeff \t\r\n"


class PardotError(Exception):
    """Pardot answered with an error code instead of data."""

    def __init__(self, code: int, words: frozenset[str] = frozenset()) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


def address(api_url: str, version: int, path: tuple[str, ...]) -> str:
    """Return the URL of an operation: ``("list", "query")``, ``("user", "read", "id", "7")``."""
    pardot_object, *operation = path
    return f"{api_url.rstrip('/')}/api/{pardot_object}/version/{version}/do/{'/'.join(operation)}"


def parse_response(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer that holds data.

    The body is read before the status, because Pardot sends its codes under HTTP 200, 400,
    401 and others (reference A.8).

    Raises:
        PardotError: The answer holds a Pardot error code, or is HTTP 401 without one (184).
        Retriable: No answer of Pardot's API: a gateway's page, a cut or empty body.
        StreamFailed: Any other HTTP error without a code.
    """
    body = _json(answer.body)
    code = _error_code(body)
    if code is None and body is None and (match := _XML_ERROR.search(answer.body[:2000])):
        code = int(match[1])
    if code is not None:
        text = (body.get("err") or body.get("message")) if isinstance(body, dict) else None
        raise PardotError(
            code, frozenset(re.findall(r"\w+", text) if isinstance(text, str) else ())
        )
    if answer.status == 401:  # noqa: PLR2004
        raise PardotError(184)
    if answer.status >= 500 or answer.status in {408, 429}:  # noqa: PLR2004
        raise Retriable(
            f"Pardot answered HTTP {answer.status}.",
            narrow=answer.status in {408, 504},
            throttled=answer.status == 429,  # noqa: PLR2004
        )
    if answer.status >= 400:  # noqa: PLR2004
        raise StreamFailed(
            f"HTTP {answer.status} came without a word of Pardot's: check api_url and any proxy "
            "between here and Pardot."
        )
    if not isinstance(body, dict) or _stat(body) == "fail":
        raise Retriable("An answer was not the JSON that Pardot's API sends.")
    return body


def is_an_answer(beginning: bytes) -> bool:
    """Whether what came in place of a CSV file is JSON, XML or a page of a gateway's."""
    text = beginning.decode(json.detect_encoding(beginning), "replace")
    return text.lstrip(_BLANKS)[:1] in {"{", "<", "["}


def rows_of(body: dict[str, Any], key: str) -> tuple[list[dict[str, Any]], int | None]:
    """Return the rows of a query's answer and ``total_results``, where given (A.6).

    One row is an object, several an array, none a missing key or ``"result": null``.

    Raises:
        Retriable: The answer has another shape.
    """
    if "result" not in body:
        raise Retriable("An answer came without a result.")
    result = body["result"] or {}
    if not isinstance(result, dict):
        raise Retriable("The result of an answer has an unknown shape.")
    rows = as_list(_named(result, key))
    if not all(isinstance(row, dict) for row in rows):
        raise Retriable("The rows of an answer have an unknown shape.")
    return rows, _integer(result.get("total_results"))


def record_of(body: dict[str, Any], key: str, *, may_be_empty: bool = False) -> dict[str, Any]:
    """Return the record of a read's answer.

    Args:
        body: The answer.
        key: The record's name.
        may_be_empty: Whether null, ``""`` and ``[]`` stand for a record without anything.

    Raises:
        Retriable: The answer holds no record.
    """
    record = _named(body, key)
    if may_be_empty and record in (None, "", []) and _has(body, key):
        return {}
    if not isinstance(record, dict):
        raise Retriable("An answer came without a record.")
    return record


def listed(body: dict[str, Any], key: str, inner: str) -> list[dict[str, Any]]:
    """Return the rows of a list that is not a query's result (reference C.8).

    Raises:
        Retriable: The answer holds no list, or one of an unknown shape.
    """
    if key not in body:
        raise Retriable("An answer came without a list.")
    found = body[key]
    if isinstance(found, dict):
        found = found.get(inner)
    rows = as_list(found)
    if not all(isinstance(row, dict) for row in rows):
        raise Retriable("The rows of an answer have an unknown shape.")
    return rows


def _has(body: dict[str, Any], key: str) -> bool:
    return not body.keys().isdisjoint((key, snake_case(key), camel_case(key)))


def _named(body: dict[str, Any], key: str) -> Any:
    """Return what an answer holds under a name, in snake_case or camelCase."""
    names = (key, snake_case(key), camel_case(key))
    return next((body[name] for name in names if name in body), None)


def _json(body: bytes) -> Any:
    """Return the JSON of a body; None if it has none, or is nested too deeply."""
    try:
        value, is_clean = _decoder.decode(body), _NUL not in body
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value, is_clean = _unclean(body), False
    # The interpreter's own limit is another one in each version of Python.
    if _is_deeper(value, MOST_LEVELS):
        return None
    return value if is_clean else repaired_json(value)


def _unclean(body: bytes) -> Any:
    """Return the JSON of a body that is not quite UTF-8, or has a byte order mark before it.

    A text that was cut inside a character (half an emoji) must not cost the whole page.
    """
    try:
        encoding = json.detect_encoding(body)
        # Bytes and halves of characters that cannot be read are left for the repair.
        errors = "surrogateescape" if encoding.startswith("utf-8") else "surrogatepass"
        text = body.decode(encoding, errors)
        return json.loads(text, parse_float=Number, parse_constant=str, strict=False)
    except (ValueError, RecursionError):
        return None


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested in more levels than that."""
    layer: list[Any] = [[value]]
    for _ in range(levels + 1):
        views = [each.values() if type(each) is dict else each for each in layer]
        if _NESTED.isdisjoint(map(type, chain.from_iterable(views))):
            return False
        layer = [inner for inner in chain.from_iterable(views) if type(inner) in _NESTED]
    return True


def _stat(body: dict[str, Any]) -> Any:
    attributes = body.get("@attributes")
    return attributes.get("stat") if isinstance(attributes, dict) else None


def _error_code(body: Any) -> int | None:
    """Return the error code of an answer, also in the form of version 5's gateway (A.7)."""
    if not isinstance(body, dict):
        return None
    attributes = body.get("@attributes")
    code = attributes.get("err_code") if isinstance(attributes, dict) else None
    if code is None and "message" in body:
        code = body.get("code")
    number = _integer(code)
    if number is None and _stat(body) == "fail" and isinstance(attributes, dict):
        # The documented template prints the code under "version" and the text under "err_code".
        number = _integer(attributes.get("version"))
        return None if number == 1 else number
    return number


def _integer(value: Any) -> int | None:
    try:
        return to_integer(value)
    except ConversionError:
        return None
