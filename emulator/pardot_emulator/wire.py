"""Rows -> answers: Pardot's JSON and XML with all their quirks (A.5 to A.7). No I/O."""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import msgspec.json

from pardot_emulator.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pardot_emulator.schema import PardotObject
    from pardot_emulator.settings import Settings

Record = dict[str, Any]

JSON_TYPE = "application/json"
XML_TYPE = "text/xml"
OUTPUTS = ("full", "simple", "mobile", "bulk")

_NUMERIC = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)
_FIRST = frozenset("-0123456789")
_MAX_INTEGER = 2**63
# Not allowed in XML 1.0, escaped or not.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


# Collections that sit one level deeper than their name (A.6).
_WRAPPERS = {
    "prospects": "prospect",
    "opportunity_activities": "visitor_activity",
    "assigned_to": "user",
    "last_activity": "visitor_activity",
    "visitor_page_views": "visitor_page_view",
}
# Types of prospect accounts' fields whose values come as {"value": ...} (C.15 [W TAP]).
_WRAPPED_TYPES: Mapping[str, frozenset[str | None]] = {
    "plain": frozenset(),
    "mixed": frozenset({"dropdown"}),
    "wrapped": frozenset({"dropdown", "text", "textarea"}),
}


def as_number(text: str, numeric: str = "all") -> int | float | str:
    """Return what the API makes of a string (A.6, "JSON type quirk" [W]).

    ``15555555555``, ``2024``, ``1.50`` and ``1e5`` become numbers, so their spelling is lost.
    Strings with leading zeros stay strings ("02190", "007").

    Args:
        text: The stored string.
        numeric: ``all``, ``integers`` or ``none``.
    """
    if numeric == "none" or not (_NUMERIC if numeric == "all" else _INTEGER).fullmatch(text):
        return text
    if _INTEGER.fullmatch(text) and -_MAX_INTEGER <= int(text) < _MAX_INTEGER:
        return int(text)
    number = float(text)
    # 1e999 is no JSON number.
    return text if number in {float("inf"), float("-inf")} else number


def one_or_many(items: Sequence[Any]) -> Any:
    """Return None, the one item, or the list: the rule of every collection (A.6)."""
    if not items:
        return None
    return items[0] if len(items) == 1 else list(items)


class Encoder:
    """Turns raw rows of one object into records; compiled once per call.

    Campaigns stay flat here: `nest_campaigns` follows, because their names need a look-up.

    Args:
        target: The object.
        settings: The switches.
        output: One of `OUTPUTS`; anything else behaves like full (A.5 [W ISS#187]).
        read: A single record was asked for.
        numeric: See `as_number`; ``none`` for XML, which has no types.
        custom: The account's own fields of this object with their types; others are left out.
    """

    def __init__(  # noqa: PLR0913 -- all by name
        self,
        target: PardotObject,
        settings: Settings,
        *,
        output: str = "full",
        read: bool = False,
        numeric: str = "all",
        custom: Mapping[str, str | None] = MappingProxyType({}),
    ) -> None:
        is_flat = target.outputs and output in {"mobile", "bulk"} and not settings.bulk_nested
        self.nested_campaign = target.column("campaign_id") is not None and not is_flat
        self._text, self._numeric, self._custom = settings.wall.text, numeric, custom
        values = settings.account_values if target.name == "prospectAccount" else "plain"
        self._wrapped = _WRAPPED_TYPES[values]
        self._names = [column.name for column in target.columns]
        drop = {
            column.name
            for column in target.columns
            if column.hidden
            or (column.only_read and not read)
            or (column.only_full and output in {"simple", "mobile", "bulk"})
            or (column.nested and is_flat)
            or (column.name == "timezone" and not settings.user_timezone)
            or (column.not_bulk and output == "bulk")
            or (output == "mobile" and target.mobile and column.name not in target.mobile)
        }
        sent = [column for column in target.columns if column.name not in drop]
        self._drop = tuple(drop)
        self._omit = tuple(column.name for column in sent if column.omit_null)
        self._documents = tuple(one.name for one in sent if one.kind is Kind.JSON)
        convert: dict[Kind, Callable[[Any], Any]] = {
            Kind.TIMESTAMP: settings.wall.text,
            Kind.BOOLEAN: bool,
            Kind.FLAG: int,
            Kind.FLOAT: _shortest,
        }
        if numeric != "none":
            convert[Kind.STRING] = self._quirk
        self._plan = [(one.name, convert[one.kind]) for one in sent if one.kind in convert]

    def __call__(self, values: tuple[Any, ...]) -> Record:
        """Return the record of a raw row (columns, then the override of the wire)."""
        record = dict(zip(self._names, values, strict=False))
        for name, convert in self._plan:
            value = record[name]
            if value is not None:
                record[name] = convert(value)
        for name in self._documents:
            record[name] = self._collection(name, record[name])
        if self._custom and record["custom"] is not None:
            record.update(self._own_fields(json.loads(record["custom"])))
        for name in self._drop:
            del record[name]
        for name in self._omit:
            if record[name] is None:
                del record[name]
        if values[-1] is not None:
            override(record, json.loads(values[-1]))
        return record

    def _quirk(self, text: str) -> int | float | str:
        return as_number(text, self._numeric) if text[:1] in _FIRST else text

    def _own_fields(self, values: Mapping[str, Any]) -> Record:
        """Return those that exist and have a value: the others are left out (A.6, C.16)."""
        record: Record = {}
        for name, value in values.items():
            if name not in self._custom or value is None or value == []:
                continue
            typed = self._typed(value)
            is_list = isinstance(value, list)
            is_wrapped = is_list or self._custom[name] in self._wrapped
            typed = one_or_many(typed) if is_list else typed
            record[name] = {"value": typed} if is_wrapped else typed
        return record

    def _collection(self, name: str, document: str | None) -> Any:
        if document is None:
            return None
        value = self._typed(json.loads(document))
        if name == "message":
            return value
        several = value if isinstance(value, dict) else one_or_many(value)
        wrapper = _WRAPPERS.get(name)
        return several if several is None or wrapper is None else {wrapper: several}

    def _typed(self, value: Any) -> Any:
        """Apply the type quirk inside nested objects, times included."""
        if isinstance(value, dict):
            return {
                key: self._text(one)
                if key.endswith("_at") and isinstance(one, int)
                else self._typed(one)
                for key, one in value.items()
            }
        if isinstance(value, list):
            return [self._typed(one) for one in value]
        return as_number(value, self._numeric) if isinstance(value, str) else value


def _shortest(number: float) -> int | float:
    """Write 200.0 as 200 (sample of reference G)."""
    return int(number) if number.is_integer() else number


def nest_campaigns(
    records: Sequence[Record],
    names: Callable[[set[int]], Mapping[int, str | None]],
    numeric: str,
    *,
    twice: bool,
) -> list[Record]:
    """Return the records with ``campaign`` {id, name} in place of ``campaign_id``.

    Args:
        records: Flat records.
        names: Looks names up by id; an id it does not know gets a null name.
        numeric: See `as_number`.
        twice: ``campaign_id`` stays, and ``campaign`` comes last or, when null, not at all.
    """
    wanted = {one["campaign_id"] for one in records if isinstance(one.get("campaign_id"), int)}
    known = names(wanted) if wanted else {}

    def nested(record: Record) -> Record:
        number, campaign = record.get("campaign_id"), None
        if number is not None:
            name = known.get(number)
            campaign = {"id": number, "name": name and as_number(name, numeric)}
        if twice:
            return record if campaign is None else {**record, "campaign": campaign}
        return dict(
            ("campaign", campaign) if key == "campaign_id" else (key, value)
            for key, value in record.items()
        )

    return [nested(record) for record in records]


def override(record: Record, change: Mapping[str, Any]) -> None:
    """Change keys: ``set`` {key: value}, ``drop`` [keys]."""
    record.update(change.get("set", {}))
    for key in change.get("drop", ()):
        record.pop(key, None)


def query_result(name: str, records: Sequence[Record], total: int | None) -> Record:
    """Return the body of a query (A.6).

    Args:
        name: Key of the rows.
        records: The page.
        total: Matches of the filter; None in bulk, which has no total and, with no rows, a null
            ``result`` (A.5 [W TAP]).
    """
    result: Record = {} if total is None else {"total_results": total}
    rows = one_or_many(records)
    if rows is not None:
        result[name] = rows
    return {"result": result or None}


def to_json(body: Record) -> bytes:
    """Return the JSON of an answer; ``version`` is 1 whatever the API version (A.6)."""
    return msgspec.json.encode({"@attributes": {"stat": "ok", "version": 1}, **body})


def to_bare_json(body: Record) -> bytes:
    """Return the JSON of an answer without envelope (examples of D.4 and D.7)."""
    return msgspec.json.encode(body)


def error_json(code: int, message: str) -> bytes:
    """Return the JSON of a refusal (A.7 [W])."""
    return msgspec.json.encode(
        {"@attributes": {"stat": "fail", "version": 1, "err_code": code}, "err": message}
    )


def to_xml(body: Record) -> bytes:
    """Return the XML of an answer (A.7); null is an empty element (A.6)."""
    inner = "".join(_element(tag, value) for tag, value in body.items())
    return _document(f'<rsp stat="ok" version="1.0">{inner}</rsp>')


def error_xml(code: int, message: str) -> bytes:
    """Return the XML of a refusal (A.7 [D])."""
    inner = f'<err code="{code}">{_escape(message)}</err>'
    return _document(f'<rsp stat="fail" version="1.0">{inner}</rsp>')


def _document(root: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n'.encode()


def _element(tag: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(tag, one) for one in value)
    if value is None or value == "":
        return f"<{tag}/>"
    if isinstance(value, dict):
        attributes = "".join(
            f' {key}="{_escape(_text(one), quote=True)}"'
            for key, one in value.get("@attributes", {}).items()
        )
        value = {key: one for key, one in value.items() if key != "@attributes"}
        inner = "".join(_element(key, one) for key, one in value.items())
        return f"<{tag}{attributes}>{inner}</{tag}>"
    return f"<{tag}>{_escape(_text(value))}</{tag}>"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _escape(text: str, *, quote: bool = False) -> str:
    # A bare CR would come back as LF: XML parsers normalize line ends.
    more = {"\r": "&#13;", '"': "&quot;"} if quote else {"\r": "&#13;"}
    return escape(_CONTROL.sub("", text), more)
