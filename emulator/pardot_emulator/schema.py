"""The words that objects are declared in: columns, filters, sorts. The table is `objects`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


# Directions of a sort.
ASC, DESC = True, False


class Kind(Enum):
    """How a column is stored in SQLite (the value) and what the wire makes of it."""

    INTEGER = "INTEGER"
    FLOAT = "REAL"
    STRING = "TEXT"
    BOOLEAN = "BOOLEAN"
    FLAG = "FLAG"  # a boolean that answers show as 1 or 0: those of prospects (A.6)
    TIMESTAMP = "TIMESTAMP"
    JSON = "JSON"


@dataclass(frozen=True)
class Column:
    """One field of an object.

    Attributes:
        name: Key in the API's answer and in the storage form.
        kind: Type.
        default: Stored when a row does not name the field.
        omit_null: The key is left out of answers while null (reference A.6).
        nested: Dropped from ``bulk`` and ``mobile`` answers (A.5).
        only_read: Sent on ``read`` only.
        only_full: Sent with ``output=full`` only.
        hidden: Stored for a filter or for exports, never sent in JSON or XML.
        not_bulk: Dropped from ``bulk`` although it is a plain field (A.5 [W ISS#187]).
        timed: Times inside a nested collection may be stored as text, as those of a row may.
    """

    name: str
    kind: Kind
    default: Any = None
    omit_null: bool = False
    nested: bool = False
    only_read: bool = False
    only_full: bool = False
    hidden: bool = False
    not_bulk: bool = False
    timed: bool = False


class Match(Enum):
    """How a parameter of its own selects rows."""

    EXACT = "exact text"
    ID = "one integer; 16 when it is none"
    IDS = "comma list of integers; 16 when one is none"
    CHOICE = "one of a list; 51 when not"
    PROBABILITY = "integer 0 to 100; 40 when not"
    VALUE = "number not below 0; 42 when not"
    PROSPECT_ID = "id of a prospect of the opportunity"
    PROSPECT_EMAIL = "e-mail address of a prospect of the opportunity"
    BOOLEAN = "true or false; the filter's code when not"
    DATE = "a date; 7 when it is none"
    INTEGER = "an integer; the filter's code when it is none"
    GRADE = "a grade of E.3; 32 when it is none"
    USER = "id or e-mail address of a user"


@dataclass(frozen=True)
class Filter:
    """A filter beyond the common date and id ones (column "Other filters" of C.0).

    Attributes:
        match: How the value is read.
        column: Column compared.
        operator: SQL operator.
        choices: Values taken by a `Match.CHOICE`.
        needs: Another parameter that has to be there too.
        any_choice: The choice that filters nothing.
        code: Pardot error of a bad value, for the matches that have none of their own.
        clauses: SQL for true and for false of a `Match.BOOLEAN`.
        clause: SQL in place of "column operator value".
        default: Value when the parameter is absent.
    """

    match: Match
    column: str
    operator: str = "="
    choices: tuple[str, ...] = ()
    needs: str | None = None
    any_choice: str | None = None
    code: int = 50
    clauses: tuple[str, str] = ("1", "1")
    clause: str | None = None
    default: str | None = None


@dataclass(frozen=True)
class PardotObject:
    """One object of the API.

    Attributes:
        name: In the URL.
        result: Key in answers, where it is not the name (two objects: A.2).
        columns: In wire order.
        ops: Operations served; an operation with its path fields, such as ``read/id``.
        created, updated, id_greater_than, id_less_than, offset: Columns C, U, I and "offset" of
            the matrix C.0.
        filters: Parameter name to filter.
        sorts: ``sort_by`` value to its default order, True = ascending.
        default_sort: Sort without ``sort_by``, with its direction (A.12: once documented as id).
        limit: Rows of a page without ``limit``.
        max_limit: Largest ``limit``.
        mobile_unlimited: ``output=mobile`` ignores the limit (list under C.0).
        outputs: ``output`` is known; False for export and import, whose rows never change shape.
        missing_id: Code for an id that does not exist (A.9).
        fields: The query takes ``fields`` (column F).
        where: SQL of the rows that a query may return.
        exists: SQL of the rows that any answer may hold, exports included; the only ones counted.
        exclusive: Filters of which one at most may be given.
        required: Filters of which one at least must be given (13).
        mobile: Keys of ``output=mobile`` where the reference lists them.
        campaign_twice: ``campaign_id`` stays beside the nested ``campaign`` (C.16, sample of G).
        custom: Rows hold values of the account's own fields in the hidden column ``custom``:
            those of ``customField`` or of ``prospectAccountField``.
    """

    name: str
    columns: tuple[Column, ...]
    ops: frozenset[str] = frozenset({"query", "read/id"})
    created: bool = True
    updated: bool = False
    id_greater_than: bool = True
    id_less_than: bool = True
    offset: bool = True
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sorts: Mapping[str, bool] = field(default_factory=dict)
    default_sort: tuple[str, bool] = ("id", True)
    limit: int = 200
    max_limit: int = 200
    mobile_unlimited: bool = True
    outputs: bool = True
    missing_id: int = 109
    result: str = ""
    fields: bool = False
    where: str = ""
    exists: str = ""
    exclusive: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    mobile: tuple[str, ...] = ()
    campaign_twice: bool = False
    custom: str | None = None

    @property
    def key(self) -> str:
        """Key of the rows in an answer."""
        return self.result or self.name

    def column(self, name: str) -> Column | None:
        """Return the column of that name, None when there is none."""
        return next((column for column in self.columns if column.name == name), None)

    def stored_as(self, key: str) -> str:
        """Return the column behind a filter or sort name.

        Export and import sort by ``created_at`` but send ``createdAt`` (reference C.25, D.6).
        """
        camel = {"created_at": "createdAt", "updated_at": "updatedAt"}.get(key, key)
        return camel if self.column(camel) else key


CREATED = Column("created_at", Kind.TIMESTAMP)
UPDATED = Column("updated_at", Kind.TIMESTAMP)
ID = Column("id", Kind.INTEGER)
# Sent nested as {id, name}, flat in bulk and mobile (A.5); `wire` knows this name.
CAMPAIGN = Column("campaign_id", Kind.INTEGER)


def strings(*names: str) -> tuple[Column, ...]:
    """Declare text fields."""
    return tuple(Column(name, Kind.STRING) for name in names)


def integers(*names: str) -> tuple[Column, ...]:
    """Declare integer fields."""
    return tuple(Column(name, Kind.INTEGER) for name in names)


def flags(*names: str) -> tuple[Column, ...]:
    """Declare booleans that are false unless a row says so."""
    return tuple(Column(name, Kind.BOOLEAN, default=False) for name in names)


def sources(*names: str) -> tuple[Column, ...]:
    """Declare ids whose key is left out of answers while null (A.6)."""
    return tuple(Column(name, Kind.INTEGER, omit_null=True) for name in names)


def hidden(kind: Kind, *names: str, default: Any = None) -> tuple[Column, ...]:
    """Declare what is stored but never part of a JSON or XML answer."""
    return tuple(Column(name, kind, default=default, hidden=True) for name in names)
