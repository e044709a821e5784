"""The words that objects are declared in: columns, filters, sorts. The table is `objects`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(Enum):
    """How a column is stored in SQLite (the value) and what the wire makes of it."""

    INTEGER = "INTEGER"
    FLOAT = "REAL"
    STRING = "TEXT"
    BOOLEAN = "BOOLEAN"
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
        hidden: Stored for a filter, never sent.
    """

    name: str
    kind: Kind
    default: Any = None
    omit_null: bool = False
    nested: bool = False
    only_read: bool = False
    only_full: bool = False
    hidden: bool = False


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


@dataclass(frozen=True)
class Filter:
    """A filter beyond the common date and id ones (column "Other filters" of C.0)."""

    match: Match
    column: str
    operator: str = "="
    choices: tuple[str, ...] = ()
    needs: str | None = None
    any_choice: str | None = None


@dataclass(frozen=True)
class PardotObject:
    """One object of the API.

    Attributes:
        name: In the URL, and the key of the result (equal for all objects here: A.2).
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

    def column(self, name: str) -> Column | None:
        """Return the column of that name, None when there is none."""
        return next((column for column in self.columns if column.name == name), None)

    def stored_as(self, key: str) -> str:
        """Return the column behind a filter or sort name.

        Export and import sort by ``created_at`` but send ``createdAt`` (reference C.25, D.6).
        """
        camel = {"created_at": "createdAt", "updated_at": "updatedAt"}.get(key, key)
        return camel if self.column(camel) else key
