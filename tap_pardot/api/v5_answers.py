"""Parses answers of API version 5: error codes, pages, records.

Pure: no I/O.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tap_pardot.api.answers import check_status, integer_of
from tap_pardot.api.codes import ACCESS_DENIED, NO_RIGHT, NO_SUCH_ADDRESS
from tap_pardot.api.dialect import PardotError, Rows
from tap_pardot.api.json_body import json_of
from tap_pardot.errors import AddressTooLong, Retriable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pardot.api.dialect import Body, Row
    from tap_pardot.api.http import Response

_WARNING = "Pardot-Warning"
_WORD = re.compile(r"[\w.]+")
_CODES = {404: NO_SUCH_ADDRESS, 405: NO_RIGHT}
"""By HTTP status of an answer without a code, the code of the same meaning (A.7)."""
_CUT = "203"
"""The warning that a sequence of page tokens was cut (A.5)."""
_USAGE = re.compile(r"[^\d]*(\d{1,18})\s*(?:/|of)\s*(\d{1,18})[^\d]*", re.ASCII)
HIDDEN = "202"
"""The warning that rows were left out because of access rules (A.1)."""


def parse_response(response: Response) -> Body:
    """Return the JSON object of an answer that holds data.

    The code in the body counts, whatever the HTTP status (A.7). HTTP 401 with code 49 means a dead
    token or a missing right.

    Raises:
        PardotError: The answer holds an error code.
        Retriable: The answer does not come from Pardot's API (a page of a gateway), or is cut.
        AddressTooLong: The address of the request was too long.
        StreamFailed: Any other HTTP error without a code.
    """
    body, status = json_of(response.body), response.status
    code = integer_of(body.get("code")) if isinstance(body, dict) and "message" in body else None
    if status == 401 and (code in {None, ACCESS_DENIED}):  # noqa: PLR2004
        raise PardotError(ACCESS_DENIED, may_be_token=True)
    if code is not None:
        raise PardotError(code, names_in(body["message"]))
    if status in _CODES:
        raise PardotError(_CODES[status])
    if status == 414:  # noqa: PLR2004
        raise AddressTooLong("Pardot refuses the address of a request as too long.")
    check_status(status)
    if not isinstance(body, dict):
        raise Retriable("An answer was not the JSON that Pardot's API sends.")
    return body


def names_in(message: Any) -> frozenset[str]:
    """Return the words of a message that can be names of fields or parameters.

    These are all words after the last colon. Before it, a word of small letters is one of the
    sentence: "Invalid fields for request type" does not name the field ``type``.
    """
    if not isinstance(message, str):
        return frozenset()
    sentence, colon, named = message.rpartition(":")
    if not colon:
        sentence, named = message, ""
    words = [word for word in _WORD.findall(sentence) if not word.islower() or "_" in word]
    return frozenset(word.rstrip(".") for word in (*words, *_WORD.findall(named)))


def rows_after(body: Body, headers: Mapping[str, str], cursor: int = 0) -> Rows:
    """Return the rows of a page, all after an id and in the order of their ids.

    Raises:
        Retriable: They are not, or the answer has another shape.
    """
    rows = body.get("values")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Retriable("An answer came without values.")
    ids = [number for row in rows if (number := integer_of(row.get("id"))) is not None]
    if any(left >= right for left, right in pairwise((cursor, *ids))):
        raise Retriable("The rows of an answer are not in the order of their ids.")
    has_more = body.get("nextPageToken") is not None or warning_of(headers) == _CUT
    return Rows(rows, None, has_more, is_cut=warning_of(headers) == HIDDEN)


def object_of(body: Body, _: Mapping[str, str]) -> Row:
    """Return a record. The account may come bare or in ``values`` (Corrections, B.28).

    Raises:
        Retriable: The answer holds no record.
    """
    values = body.get("values")
    if isinstance(values, list):
        values = values[0] if len(values) == 1 else None
    record = body if "values" not in body else values
    if not isinstance(record, dict) or not record:
        raise Retriable("An answer came without a record.")
    return record


def counted_record(body: Body, _: Mapping[str, str]) -> Row:
    """Return the figures of a record, which come without an envelope; they may be empty."""
    return body


def warning_of(headers: Mapping[str, str]) -> str:
    """Return the number of the header ``Pardot-Warning``; empty if there is none."""
    return headers.get(_WARNING, "").partition(";")[0].strip()


def usage_of(headers: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the calls of the day and the account's daily calls; None if the answer has neither.

    The form of the header is not documented (A.1): ``123/25000`` and ``123 of 25000`` are read.
    """
    found = _USAGE.fullmatch(headers.get("x-api-usage", ""))
    return None if found is None else (int(found[1]), int(found[2]))
