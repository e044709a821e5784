"""The filters of version 5: a parameter -> an SQL clause, by the type of its field (A.4)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from pardot_emulator.dates import read_offset_time
from pardot_emulator.schema import Kind
from pardot_emulator.v5_objects import V5_OBJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pardot_emulator.filters import Clause, Value

_TIMES = {"": "=", "After": ">", "AfterOrEqualTo": ">=", "Before": "<", "BeforeOrEqualTo": "<="}
_NUMBERS = {
    "": "=",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": ">=",
    "LessThan": "<",
    "LessThanOrEqualTo": "<=",
}
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_BOOLEANS = {"true": 1, "false": 0}


class Filter(NamedTuple):
    """One parameter of a query."""

    field: str
    sql: str
    kind: Kind
    operator: str  # of SQL

    def clause(self, text: str) -> Clause:
        """Return the clause for a value.

        Raises:
            ValueError: The value is none of the field's type; a BadDateError for times.
        """
        if self.operator == "IN":
            ids = tuple(_value(Kind.INTEGER, one) for one in text.split(","))
            return f"{self.sql} IN ({', '.join('?' * len(ids))})", ids
        if self.operator in {"IS NULL", "IS NOT NULL"}:
            if text != "true":
                raise ValueError(text)
            return f"{self.sql} {self.operator}", ()
        return f"{self.sql} {self.operator} ?", (_value(self.kind, text),)


def _value(kind: Kind, text: str) -> Value:
    if kind is Kind.TIMESTAMP:
        return read_offset_time(text)
    if kind in {Kind.BOOLEAN, Kind.FLAG}:
        if text not in _BOOLEANS:
            raise ValueError(text)
        return _BOOLEANS[text]
    if kind is Kind.INTEGER:
        if not _INTEGER.fullmatch(text):
            raise ValueError(text)
        return int(text)
    return text


@cache
def filters_of(path: str, *, undocumented: bool) -> Mapping[str, Filter]:
    """Return the filters of an object by parameter.

    Args:
        path: The object.
        undocumented: With those that no document has and that were seen to be accepted.
    """
    target = V5_OBJECTS[path]
    found: dict[str, Filter] = {}
    for declared in target.filters.split():
        if declared.startswith("+") and not undocumented:
            continue
        name = declared.strip("+*")
        if name == "idList":
            found["idList"] = Filter("id", "id", Kind.INTEGER, "IN")
            continue
        field = target.fields[name]
        suffixes = {"": "="}
        if declared.endswith("*"):
            suffixes = _TIMES if field.kind is Kind.TIMESTAMP else _NUMBERS
        for suffix, operator in suffixes.items():
            found[name + suffix] = Filter(name, field.sql, field.kind, operator)
        if declared.endswith("id*"):
            found["idList"] = Filter("id", "id", Kind.INTEGER, "IN")
        if name == "parentFolderId":
            found[f"{name}IsNull"] = Filter(name, field.sql, field.kind, "IS NULL")
            found[f"{name}IsNotNull"] = Filter(name, field.sql, field.kind, "IS NOT NULL")
    return found
