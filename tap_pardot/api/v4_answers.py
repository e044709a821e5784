"""Parses answers of API versions 3 and 4: error codes, rows, records, the status of exports.

Pure: no I/O.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_pardot.api.answers import check_status, integer_of
from tap_pardot.api.clock import date_of
from tap_pardot.api.codes import INVALID_TOKEN
from tap_pardot.api.dialect import JobStatus, PardotError, Rows
from tap_pardot.api.json_body import json_of
from tap_pardot.errors import Retriable, StreamFailed
from tap_pardot.records.values import (
    as_list,
    camel_case,
    snake_case,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pardot.api.dialect import Body, Row
    from tap_pardot.api.http import Response

_XML_ERROR = re.compile(rb'<err code="(\d{1,6})"')


def parse_response(response: Response) -> Body:
    """Return the JSON object of an answer that holds data.

    The body is read before the status, because Pardot sends its codes under HTTP 200, 400,
    401 and others (reference A.8).

    Raises:
        PardotError: The answer holds a Pardot error code, or is HTTP 401 without one (184).
        Retriable: The answer does not come from Pardot's API (a page of a gateway), or its body
            is cut or empty.
        StreamFailed: Any other HTTP error without a code.
    """
    body = json_of(response.body)
    code = _error_code(body)
    if code is None and body is None and (match := _XML_ERROR.search(response.body[:2000])):
        code = int(match[1])
    if code is not None:
        text = (body.get("err") or body.get("message")) if isinstance(body, dict) else None
        words = re.findall(r"\w+", text) if isinstance(text, str) else ()
        raise PardotError(code, frozenset(words))
    status = response.status
    if status == 401:  # noqa: PLR2004
        raise PardotError(INVALID_TOKEN)
    check_status(status)
    if not isinstance(body, dict) or _stat(body) == "fail":
        raise Retriable("An answer was not the JSON that Pardot's API sends.")
    return body


def rows_of(body: Body, key: str) -> Rows:
    """Return the rows of a query's answer, and its ``total_results`` or None (A.6).

    One row is an object. Several rows are an array. No row is a missing key or ``"result": null``.

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
    return Rows(rows, integer_of(result.get("total_results")))


def record_of(body: Body, key: str, *, may_be_empty: bool = False) -> Row:
    """Return the record in the answer of an operation ``read``.

    Args:
        body: The answer.
        key: The record's name.
        may_be_empty: Whether null, ``""`` and ``[]`` stand for an empty record.

    Raises:
        Retriable: The answer holds no record.
    """
    record = _named(body, key)
    if may_be_empty and record in (None, "", []) and _has(body, key):
        return {}
    if not isinstance(record, dict):
        raise Retriable("An answer came without a record.")
    return record


def listed(body: Body, key: str, inner: str) -> list[Row]:
    """Return the rows in the answer of a :class:`Listing` (reference C.8).

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


def _has(body: Body, key: str) -> bool:
    return not body.keys().isdisjoint((key, snake_case(key), camel_case(key)))


def _named(body: Body, key: str) -> Any:
    """Return the value that an answer has under a name, in snake_case or camelCase, or None."""
    names = (key, snake_case(key), camel_case(key))
    return next((body[name] for name in names if name in body), None)


def status_of(body: Body, headers: Mapping[str, str]) -> JobStatus:
    """Return the status of an export job from the answer of ``create`` or ``read`` (D.4, D.5).

    The status may be wrapped or flat. The list of files may be missing, one URL, or several.

    Raises:
        Retriable: The answer has another shape.
    """
    export = body.get("export", body)
    if not isinstance(export, dict) or "id" not in export:
        raise Retriable("An answer came without an export.")
    try:
        number = int(export["id"])
    except (TypeError, ValueError, OverflowError):
        raise Retriable("An answer came with an export without an id.") from None
    refs = export.get("resultRefs") or export.get("resultsRef") or []
    files = [refs] if isinstance(refs, str) else refs
    if not isinstance(files, list) or not all(isinstance(url, str) for url in files):
        raise Retriable("An answer came with links of an unknown shape.")
    created = export.get("createdAt")
    return JobStatus(
        number,
        str(export.get("state", "")).lower(),
        str(export.get("isExpired", "")).lower() in {"true", "1"},
        tuple(files),
        created if isinstance(created, str) else None,
        date_of(headers),
    )


def created_status(body: Body, headers: Mapping[str, str]) -> JobStatus:
    """Return the status of an export job from the answer of ``create``.

    Raises:
        StreamFailed: The answer has another shape. It is not :class:`Retriable`, because the same
            request would create another job.
    """
    try:
        return status_of(body, headers)
    except Retriable as error:
        raise StreamFailed(f"{error.message[:-1]} that was created: run again.") from None


def not_a_file(*_: Any) -> None:
    """Refuse an answer in JSON that came instead of a file.

    Raises:
        Retriable: Always.
    """
    raise Retriable("JSON came in place of a CSV file.")


def _stat(body: Body) -> Any:
    attributes = body.get("@attributes")
    return attributes.get("stat") if isinstance(attributes, dict) else None


def _error_code(body: Any) -> int | None:
    """Return the error code of an answer, also in the form of version 5 (A.7); None if none."""
    if not isinstance(body, dict):
        return None
    attributes = body.get("@attributes")
    code = attributes.get("err_code") if isinstance(attributes, dict) else None
    if code is None and "message" in body:
        code = body.get("code")
    number = integer_of(code)
    if number is None and _stat(body) == "fail" and isinstance(attributes, dict):
        # A documented template has the code under "version" and the text under "err_code".
        number = integer_of(attributes.get("version"))
        return None if number == 1 else number
    return number
