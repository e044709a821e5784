"""Parameters of a version 5 query -> one page of rows, with the token of the next page. No I/O.

Pages go by keys, not by offset (reference of version 5, A.5): a token holds the query, the last
row's key and how many rows the sequence has brought. Tokens are opaque to clients.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

from pardot_emulator.dates import BadDateError, read_offset_time
from pardot_emulator.errors import PardotError
from pardot_emulator.schema import Kind
from pardot_emulator.v5_filters import filters_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pardot_emulator.filters import Clause, Value
    from pardot_emulator.settings import Settings
    from pardot_emulator.v5_declare import V5Object

DEFAULT_LIMIT = 200
MAX_OFFSET = 2_000
MAX_FILTERS = 3
TOKEN_LIFE = 4 * 3_600
ALONE = (
    "nextPageToken cannot be combined with orderBy, limit, deleted, offset, or filter parameters."
)
BIN_VALUES = ("all", "false", "true")
# Columns of every order: no value of theirs is null.
_NEVER_NULL = frozenset({"id", "createdAt", "updatedAt", "sentAt"})


class Page(NamedTuple):
    """What a query asks of the database, and what the next token has to remember."""

    where: str
    values: tuple[Value, ...]
    order: str
    key: tuple[str, ...]  # SQL of what rows are ordered by, the id last
    limit: int
    offset: int
    capped: bool  # the sequence ends with this page, whatever is left
    asked: dict[str, str]  # the parameters that began the sequence
    number: int  # of the page, from 1
    seen: int  # rows of the pages before


def page(
    target: V5Object, params: Mapping[str, str], settings: Settings, where: tuple[str, ...] = ()
) -> Page:
    """Read the parameters of a query, ``fields`` excepted; ``where`` is more conditions, in SQL.

    Raises:
        PardotError: 21, 23, 51, 209; 210 and 211 for the token.
    """
    given = {name: value for name, value in params.items() if name != "fields"}
    number, seen, after = 1, 0, None
    if "nextPageToken" in given:
        if len(given) > 1:
            raise PardotError(settings.v5_token_conflict, ALONE)
        given, number, seen, after = _opened(target, given["nextPageToken"], settings)
    clauses: list[Clause] = [(one, ()) for one in where]
    clauses += _bin(target, given.get("deleted"), settings)
    clauses += _filtered(target, given, settings)
    key, direction = _order(target, given.get("orderBy"), settings)
    if after is not None:
        sign = ">" if direction == "ASC" else "<"
        places = ", ".join("?" * len(key))
        clauses.append((f"({', '.join(key)}) {sign} ({places})", tuple(after)))
    limit = _limit(given.get("limit"), settings)
    left = settings.v5_token_cap - seen
    return Page(
        where=" AND ".join(clause for clause, _ in clauses) or "1",
        values=tuple(value for _, values in clauses for value in values),
        order=", ".join(f"{one} {direction}" for one in key),
        key=key,
        limit=min(limit, left),
        offset=0 if after else _offset(given.get("offset")),
        capped=left <= limit,
        asked=given,
        number=number,
        seen=seen,
    )


def token(target: V5Object, this: Page, last: tuple[Any, ...], count: int, expires: str) -> str:
    """Return the token of the next page.

    Args:
        target: The object asked for.
        this: The page before.
        last: The key of its last row.
        count: Its number of rows.
        expires: When the token dies, ISO 8601.
    """
    content = {
        "object": target.path,
        "asked": this.asked,
        "resumeValue": last,
        "page": this.number + 1,
        "recCount": this.seen + count,
        "expireTime": expires,
    }
    return b64encode(json.dumps(content, separators=(",", ":")).encode()).decode()


def _opened(
    target: V5Object, text: str, settings: Settings
) -> tuple[dict[str, str], int, int, list[Any]]:
    """Return what a token remembers: parameters, number of the page, rows so far, last key.

    Raises:
        PardotError: 210, it has expired; 211, it is no token of this object.
    """
    try:
        # URLs carry tokens unescaped, so that a plus sign arrives as a space.
        content = json.loads(b64decode(text.replace(" ", "+"), validate=True))
        dies = read_offset_time(content["expireTime"])
        found = content["asked"], content["page"], content["recCount"], content["resumeValue"]
        is_ours = content["object"] == target.path
    except (binascii.Error, ValueError, KeyError, TypeError) as bad:
        raise PardotError(211) from bad
    if not is_ours:
        raise PardotError(211)
    if settings.now() > dies:
        raise PardotError(210)
    return found


def _bin(target: V5Object, wanted: str | None, settings: Settings) -> list[Clause]:
    """Return the clause for the recycle bin: active rows unless asked for (A.3)."""
    knows = target.recycle_bin and (target.bin_documented or settings.v5_undocumented_filters)
    if wanted is not None and not knows:
        raise invalid("deleted")
    if wanted is not None and wanted not in BIN_VALUES:
        raise invalid("deleted")
    if not target.recycle_bin or wanted == "all":
        return []
    return [(target.recycle_bin if wanted == "true" else f"NOT {target.recycle_bin}", ())]


def _filtered(target: V5Object, given: Mapping[str, str], settings: Settings) -> list[Clause]:
    known = filters_of(target.path, undocumented=settings.v5_undocumented_filters)
    clauses, fields = [], set()
    for name, text in given.items():
        if name in {"deleted", "orderBy", "limit", "offset"}:
            continue
        if name not in known:
            raise invalid(name)
        one = known[name]
        fields.add(one.field)
        try:
            clauses.append(one.clause(text))
        except BadDateError as bad:
            raise invalid(name, "Invalid date time value") from bad
        except ValueError as bad:
            raise invalid(name) from bad
    if len(fields) > MAX_FILTERS:
        raise PardotError(209)
    return clauses


def _order(target: V5Object, text: str | None, settings: Settings) -> tuple[tuple[str, ...], str]:
    """Return the SQL of the key and the direction; by id without ``orderBy`` (Corrections)."""
    name, _, direction = (text or "id ASC").partition(" ")
    wants_direction = text is not None and settings.v5_order_direction
    bad_direction = direction.upper() not in {"ASC", "DESC"} if direction else wants_direction
    known = target.sorts.split()
    if settings.v5_undocumented_filters:
        # Seen to be accepted wherever the field is filtered by (B.0).
        known += [one for one in ("updatedAt", "createdAt") if one in target.fields]
    if name not in known or bad_direction:
        raise invalid("orderBy", "Unknown field name")
    field = target.fields[name]
    if name == "id":
        return ("id",), direction.upper() or "ASC"
    sql = field.sql
    if name not in _NEVER_NULL:
        # Rows without a value come last: their place is [?].
        sql = f"coalesce({sql}, {'9e999' if field.kind is not Kind.STRING else repr(chr(0xFFFF))})"
    return (sql, "id"), direction.upper() or "ASC"


def _limit(text: str | None, settings: Settings) -> int:
    most = settings.v5_max_limit
    if text is None:
        return min(DEFAULT_LIMIT, most)
    limit = _number(text, 23)
    if limit > most and settings.over_limit == "clamp":
        return most
    if not 1 <= limit <= most:
        raise PardotError(23)
    return limit


def _offset(text: str | None) -> int:
    offset = 0 if text is None else _number(text, 21)
    if offset > MAX_OFFSET:
        raise PardotError(21)
    return offset


def _number(text: str, code: int) -> int:
    if not text.isascii() or not text.isdecimal():
        raise PardotError(code)
    return int(text)


def invalid(name: str, why: str = "") -> PardotError:
    """Return the refusal of a parameter (A.7)."""
    message = f"Invalid parameter: Parameter {name} is invalid."
    return PardotError(51, f"{message} {why}" if why else message)
