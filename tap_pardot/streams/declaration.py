"""What a stream declares for each version of the API, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_pardot.api.dialect import Endpoint, Query


class Declaration:
    """How a stream is read by each version of the API, and where version 5 differs.

    The stream's own ``schema``, keys and names are those of versions 3 and 4; for a stream that
    only version 5 has, those of version 5. Version 5 names a field in camelCase of its column.
    """

    v4: ClassVar[Endpoint | tuple[Endpoint, ...] | None] = None
    """How the stream is read by versions 3 and 4 of the API, the preferred way first; None if
    only version 5 has it."""

    v5: ClassVar[Endpoint | tuple[Endpoint, ...] | None] = None
    """How the stream is read by version 5, the preferred way first; None if it is not.

    A lookup without parents after a query reads the query's own rows one by one, for the columns
    that the query lacks."""

    v5_columns: ClassVar[Mapping[str, Any]] = {}
    """The JSON Schema of each column that only version 5 has; empty for a stream that it alone
    has."""

    v5_names: ClassVar[Mapping[str, Sequence[str]]] = {}
    """By column, the names of its field in version 5 where they are not camelCase of the column."""

    v5_values: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """By column of a fixed set of values, the column's value by version 5's in lower case: the
    case of such values varies. A value that is not in the mapping becomes lower case."""

    v5_computed: ClassVar[frozenset[str]] = frozenset()
    """Columns that version 5 does not send, and that follow from the request."""

    v5_off: ClassVar[frozenset[str]] = frozenset()
    """Columns that are off by default under version 5, besides those that its endpoints lack."""

    v5_named_by: ClassVar[tuple[Query, str] | None] = None
    """A query of versions 3 and 4 and the field of its rows that names an id of the stream, where
    it is not known whether version 5 has the same ids; None if it has."""

    v5_notes: ClassVar[Mapping[str, str]] = {}
    """By column, what its description says besides under version 5."""

    v5_replication_key: ClassVar[str | None] = None
    """The replication key under version 5; None if it is that of versions 3 and 4."""
