"""Stored rows -> the records of version 5, with the fields and relations that were asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pardot_emulator.errors import PardotError
from pardot_emulator.schema import Kind
from pardot_emulator.v5_declare import CUSTOM_SUFFIX, KEYS, Field
from pardot_emulator.v5_objects import V5_OBJECTS
from pardot_emulator.wire import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pardot_emulator.model import Model
    from pardot_emulator.settings import Settings
    from pardot_emulator.v5_declare import V5Object

Record = dict[str, Any]
Row = tuple[Any, ...]

# "Up to three object tracks" (A.3).
MAX_DEPTH = 3
_OPTIONS = frozenset({"senderOptions", "replyToOptions"})
_LISTS = frozenset({"recipientLists", "suppressionLists"})
# Fields of prospects that a query does not give (B.1).
_SEVERAL = frozenset({"multi-select", "checkbox"})


class Wanted(NamedTuple):
    """What was asked of one object: its fields, keys of nested values, and of related objects."""

    target: V5Object
    fields: dict[str, Field]
    keys: dict[str, set[str]]
    related: dict[str, Wanted]


class Reader:
    """Reads ``fields`` and makes records for one call."""

    def __init__(self, model: Model, settings: Settings, *, read: bool) -> None:
        self._model, self._settings, self._read = model, settings, read
        self._custom: dict[str, bool] | None = None
        lag = settings.v5_cache_lag
        self._at = settings.now() - lag if lag else None

    def wanted(self, target: V5Object, names: Iterable[str]) -> Wanted:
        """Return what names of fields ask for.

        Raises:
            PardotError: 51 or 224, a name that no field has, or that this request does not give.
        """
        found = Wanted(target, {}, {}, {})
        for name in names:
            self._add(found, name, name.split("."), 0)
        return found

    def _add(self, wanted: Wanted, name: str, parts: Sequence[str], depth: int) -> None:
        first, *rest = parts
        target = wanted.target
        if rest and first in target.relations and depth < MAX_DEPTH:
            path = f"objects/{target.relations[first]}"
            empty = Wanted(V5_OBJECTS[path], {}, {}, {})
            link = target.fields[f"{first}Id"]
            wanted.fields.setdefault(f".{first}", link)
            self._add(wanted.related.setdefault(first, empty), name, rest, depth + 1)
            return
        field = self._field(target, first)
        if field is None or not self._takes(first, rest):
            raise self._unknown(name)
        if self._is_refused(field, depth):
            raise self._unknown(name, self._settings.v5_refusal)
        wanted.fields[first] = field
        if rest:
            wanted.keys.setdefault(first, set()).add(rest[0])

    def _field(self, target: V5Object, name: str) -> Field | None:
        if f"{target.title}.{name}" in self._settings.v5_refused_fields:
            return None
        field = target.fields.get(name)
        if field is None and target.name == "prospect" and name.endswith(CUSTOM_SUFFIX):
            return self._own_field(name)
        if field is None or ("~" in field.marks and not self._settings.v5_unproved_fields):
            return None
        return field

    def _own_field(self, name: str) -> Field | None:
        """Return a custom field of prospects; one of several values is for reads only (B.1)."""
        if self._custom is None:
            rows = self._model.pick(
                "customField", ("field_id", "type", "is_record_multiple_responses"), "1"
            )
            self._custom = {
                key: bool(several) or str(kind).lower() in _SEVERAL for key, kind, several in rows
            }
        several = self._custom.get(name.removesuffix(CUSTOM_SUFFIX))
        if several is None:
            return None
        return Field(name, '"custom"', Kind.JSON, "*!" if several else "*")

    def _takes(self, name: str, rest: Sequence[str]) -> bool:
        """Return whether a field may be asked for with these keys, or with none."""
        if len(rest) > 1 or (rest and rest[0] not in KEYS.get(name, ())):
            return False
        if name in _OPTIONS:
            return self._settings.v5_options == ("dotted" if rest else "bare")
        if name in _LISTS:
            return (self._settings.v5_recipient_lists == "dotted") == bool(rest)
        return True

    def _is_refused(self, field: Field, depth: int) -> bool:
        return "-" in field.marks or ("!" in field.marks and (not self._read or depth > 0))

    def _unknown(self, name: str, code: int = 51) -> PardotError:
        message = "Invalid fields for request type"
        if code == 51:  # noqa: PLR2004 -- a code
            message = "Invalid parameter: fields. It contains an invalid or unknown field"
        named = f": {name}." if self._settings.v5_refusal_names else "."
        return PardotError(code, message + named)

    def columns(self, wanted: Wanted) -> list[str]:
        """Return the SQL of what records need, the override of the wire last."""
        return [*(one.sql for one in wanted.fields.values()), "_wire"]

    def rows(
        self, columns: Sequence[str], target: V5Object, clause: str, values: Sequence[Any] = ()
    ) -> list[Row]:
        """Return SQL expressions over the rows that a clause selects, as the cache has them."""
        return self._model.ask(columns, target.name, clause, values, at=self._at)

    def records(self, wanted: Wanted, rows: Sequence[Row]) -> list[Record]:
        """Return the records of rows of `columns`."""
        plan = [
            (place, name, self._converter(wanted, name, field))
            for place, (name, field) in enumerate(wanted.fields.items())
            if not name.startswith(".")
        ]
        links = {
            name[1:]: place for place, name in enumerate(wanted.fields) if name.startswith(".")
        }
        found: list[Record] = []
        for row in rows:
            record = {
                name: None if row[place] is None else convert(row[place])
                for place, name, convert in plan
            }
            if row[len(wanted.fields)] is not None:
                _override(record, json.loads(row[len(wanted.fields)]))
            found.append(record)
        for relation, place in links.items():
            known = self._related(wanted.related[relation], {row[place] for row in rows})
            for row, record in zip(rows, found, strict=True):
                record[relation] = known.get(row[place])
        return found

    def _related(self, wanted: Wanted, ids: set[Any]) -> dict[int, Record]:
        """Return records by id; the recycle bin does not matter to a relation [?]."""
        ids.discard(None)
        places = ", ".join("?" * len(ids))
        columns = ["id", *self.columns(wanted)]
        rows = self.rows(columns, wanted.target, f"id IN ({places})", tuple(ids))
        records = self.records(wanted, [row[1:] for row in rows])
        return dict(zip((row[0] for row in rows), records, strict=True))

    def _converter(self, wanted: Wanted, name: str, field: Field) -> Callable[[Any], Any]:
        settings, text = self._settings, self._settings.wall.offset_text
        if "*" in field.marks:
            return self._custom_value(name.removesuffix(CUSTOM_SUFFIX), several="!" in field.marks)
        if "#" in field.marks and settings.v5_enums == "capitalized":
            return lambda value: value[:1].upper() + value[1:]
        if field.kind is Kind.JSON:
            keys = wanted.keys.get(name)
            bare = name in _LISTS and settings.v5_recipient_lists != "ids"
            return lambda value: _nested(json.loads(value), keys, text, objects=bare)
        by_kind: dict[Kind, Callable[[Any], Any]] = {
            Kind.TIMESTAMP: text,
            Kind.BOOLEAN: bool,
            Kind.FLAG: bool,
            Kind.FLOAT: float,
        }
        return by_kind.get(field.kind, lambda value: value)

    def _custom_value(self, key: str, *, several: bool) -> Callable[[str], Any]:
        typed = self._settings.v5_custom_values == "typed"

        def value_of(document: str) -> Any:
            value = json.loads(document).get(key)
            if value is None or value == []:
                return None
            if several:
                return value if isinstance(value, list) else [value]
            return value if typed or isinstance(value, str) else json.dumps(value)

        return value_of


def _nested(
    value: Any, keys: set[str] | None, text: Callable[[int], str], *, objects: bool = False
) -> Any:
    """Return a nested value with the keys asked for, its times as text."""
    if isinstance(value, list):
        return [
            _nested({"id": one} if objects and isinstance(one, int) else one, keys, text)
            for one in value
        ]
    if not isinstance(value, dict):
        return value
    return {
        key: text(one) if isinstance(one, int) and key.endswith(("At", "On")) else one
        for key, one in value.items()
        if keys is None or key in keys
    }


def _override(record: Record, change: Record) -> None:
    """Apply the override of a row to the fields that were asked for."""
    made = {name: value for name, value in change.get("set", {}).items() if name in record}
    override(record, {"set": made, "drop": change.get("drop", ())})
