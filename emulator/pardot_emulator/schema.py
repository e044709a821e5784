"""The words that objects are declared in: columns and objects. Filters are in `filters`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pardot_emulator.filters import Filter

# Directions of a sort.
ASC, DESC = True, False
BY_DATES: Mapping[str, bool] = {"created_at": DESC, "id": ASC, "updated_at": DESC}

# The parameters of a query that most objects know.
CREATION = frozenset({"created_after", "created_before"})
UPDATED = frozenset({"updated_after", "updated_before"})
IDS = frozenset({"id_greater_than", "id_less_than"})


class Kind(Enum):
    """What kind of value a column holds."""

    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"
    BOOLEAN = "boolean"
    FLAG = "a boolean that answers show as 1 or 0 (A.6)"
    TIMESTAMP = "time, stored as epoch seconds"
    JSON = "nested value, stored as JSON"


@dataclass(frozen=True)
class Column:
    """One field of an object."""

    name: str  # key in answers and in the storage form
    kind: Kind
    default: Any = None  # stored when a row does not name the field
    omit_null: bool = False  # the key is left out of answers while null (A.6)
    nested: bool = False  # left out of `bulk` and `mobile` answers (A.5)
    only_read: bool = False  # sent on `read` only
    only_full: bool = False  # sent with `output=full` only
    hidden: bool = False  # stored for a filter or for exports, never sent in JSON or XML
    not_bulk: bool = False  # left out of `bulk` although a plain field (A.5 [W ISS#187])
    timed: bool = False  # times inside a nested value may be stored as ISO 8601 strings


@dataclass(frozen=True)
class PardotObject:
    """One object of the API."""

    name: str  # in the URL
    columns: tuple[Column, ...]  # in the order of answers
    # Operations; one with fields in its path is written as `read/id`.
    ops: frozenset[str] = frozenset({"query", "read/id"})
    # The matrix C.0: the parameters of a query. Those by a time need its column.
    lacks: frozenset[str] = frozenset()  # common ones that the object does not know
    fields: bool = False
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sorts: Mapping[str, bool] = field(default_factory=dict)  # key and its default direction
    default_sort: tuple[str, bool] = ("id", ASC)  # without `sort_by` (A.12: once stated as id)
    limit: int = 200  # rows of a page without `limit`
    max_limit: int = 200
    mobile_unlimited: bool = True  # `output=mobile` ignores the limit (list under C.0)
    outputs: bool = True  # `output` is known; not to export and import
    missing_id: int = 109  # code for an id that does not exist (A.9)
    result: str = ""  # key in answers, where it is not the name (two objects: A.2)
    where: str = ""  # SQL: the rows that a query may return
    exists: str = ""  # SQL: the rows that any answer may contain, exports too; others do not count
    exclusive: frozenset[str] = frozenset()  # filters of which at most one may be given
    required: frozenset[str] = frozenset()  # filters of which one must be given (13)
    mobile: tuple[str, ...] = ()  # keys of `output=mobile`, where the reference lists them
    campaign_twice: bool = False  # `campaign_id` stays beside `campaign` (C.16, sample of G)
    custom: str | None = None  # the object that declares the fields in the column `custom`
    # What only version 5 has; see `v5_columns`.
    more: tuple[Column, ...] = ()
    made_of: tuple[str, str] | None = None  # an object, and the SELECT that makes rows of its rows

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns of the table, the override of the wire excepted."""
        return (*self.columns, *self.more)

    @property
    def key(self) -> str:
        """Key of the rows in an answer."""
        return self.result or self.name

    @property
    def has_recycle_bin(self) -> bool:
        """Whether rows can be in the recycle bin: the column ``deleted`` is true."""
        return any(one.name == "deleted" for one in self.stored)

    def column(self, name: str) -> Column | None:
        """Return the column of that name, None when there is none."""
        return next((column for column in self.columns if column.name == name), None)

    def stored_as(self, key: str) -> str:
        """Return the column behind a filter or sort name.

        Export and import sort by ``created_at`` but send ``createdAt`` (C.25, D.6).
        """
        camel = {"created_at": "createdAt", "updated_at": "updatedAt"}.get(key, key)
        return camel if self.column(camel) else key


def _columns(kind: Kind, names: str, **options: Any) -> tuple[Column, ...]:
    """Declare columns of one kind; names are separated by spaces, options are `Column`'s."""
    return tuple(Column(name, kind, **options) for name in names.split())


strings = partial(_columns, Kind.STRING)
integers = partial(_columns, Kind.INTEGER)
booleans = partial(_columns, Kind.BOOLEAN, default=False)
flags = partial(_columns, Kind.FLAG)
times = partial(_columns, Kind.TIMESTAMP)
documents = partial(_columns, Kind.JSON)

ID = Column("id", Kind.INTEGER)
CREATED = Column("created_at", Kind.TIMESTAMP)
DATES = (CREATED, Column("updated_at", Kind.TIMESTAMP))
# Sent nested as {id, name}, flat in bulk and mobile (A.5); `wire` knows this name.
CAMPAIGN = Column("campaign_id", Kind.INTEGER)
PARAMETERS = "campaign_parameter medium_parameter source_parameter content_parameter term_parameter"
