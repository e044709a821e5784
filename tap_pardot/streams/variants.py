"""The variants of a stream: how each dialect of the API reads it.

Under ``api_version`` 3 and 4 a stream has one variant. Under 5 it may have two, and its columns are
those of both. The selected columns choose the variant, once, before SCHEMA is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_pardot.api.dialect import Lookup, ParentRows, Query, Record
from tap_pardot.records.decoder import kind_of
from tap_pardot.records.values import camel_case

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tap_pardot.api.dialect import Endpoint
    from tap_pardot.streams.account_columns import CustomColumns
    from tap_pardot.streams.base import PardotStream

V4, V5 = "v4", "v5"
"""The names of the dialects: V4 is that of versions 3 and 4."""


@dataclass(frozen=True)
class Variant:
    """How one dialect reads a stream.

    Attributes:
        dialect: The dialect's name.
        endpoints: The endpoints, the preferred one first.
        keys: The columns that are always requested: the primary keys and the replication key.
        replication_key: The declared replication key; None if there is none.
        names: By column, the API's names where they differ: see ``records.decoder.Decoder``.
        lacks: The columns that the dialect cannot give.
        computed: The columns that are not requested: others give them.
        values: By column of a fixed set of values, the column's value by the API's.
        inner: By column of objects, the API's names of the fields in the objects.
    """

    dialect: str
    endpoints: tuple[Endpoint, ...]
    keys: tuple[str, ...]
    replication_key: str | None
    names: Mapping[str, Sequence[str]]
    lacks: frozenset[str]
    computed: frozenset[str]
    values: Mapping[str, Mapping[str, Any]]
    inner: Mapping[str, tuple[str, ...]]

    @property
    def query(self) -> Query | None:
        """The query among the endpoints; None if there is none."""
        return next((each for each in self.endpoints if isinstance(each, Query)), None)

    @property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """By parent stream, the columns needed of its records; empty if it is not a child."""
        first = self.endpoints[0]
        return first.parents if isinstance(first, (Lookup, ParentRows)) else {}

    @property
    def is_append_only(self) -> bool:
        """Whether the bookmark is an id."""
        first = self.endpoints[0]
        return isinstance(first, Query) and first.append_only

    def api_name(self, column: str) -> str:
        """Return the API field to request for a column."""
        return self.names.get(column, (column,))[0]

    @property
    def api_keys(self) -> tuple[str, ...]:
        """The fields that are always requested."""
        return tuple(map(self.api_name, self.keys))

    def fields(self, columns: Collection[str]) -> tuple[str, ...]:
        """Return the API fields to request for some columns, keys first."""
        names = list(self.api_keys)
        for column in columns:
            if column not in self.computed:
                name = self.api_name(column)
                names += [f"{name}.{each}" for each in self.inner.get(column, ())] or [name]
        return tuple(dict.fromkeys(names))


def variants_of(
    stream: type[PardotStream] | PardotStream, custom: CustomColumns | None = None
) -> dict[str, Variant]:
    """Return the variants that a stream declares, by dialect.

    Args:
        stream: The stream.
        custom: The account's own columns, if the stream has some.
    """
    found = {}
    if endpoints := declared_endpoints(stream.v4):
        names = {**stream.api_names, **({} if custom is None else custom.api_names)}
        # A custom field may have the name of a column that only version 5 has.
        own = () if custom is None else custom.columns
        found[V4] = Variant(
            V4,
            endpoints,
            keys=_keys(stream, _replication_key(stream)),
            replication_key=_replication_key(stream),
            names=names,
            lacks=frozenset(stream.v5_columns).difference(own),
            computed=stream.computed,
            values={},
            inner={},
        )
    if endpoints := declared_endpoints(stream.v5):
        found[V5] = _version_5(stream, endpoints, custom)
    return found


def _version_5(
    stream: type[PardotStream] | PardotStream,
    endpoints: tuple[Endpoint, ...],
    custom: CustomColumns | None,
) -> Variant:
    key = stream.v5_replication_key or _replication_key(stream)
    columns: dict[str, Any] = {**declared_columns(stream), **stream.v5_columns}
    names = {column: stream.v5_names.get(column, (camel_case(column),)) for column in columns}
    several: list[str] = []
    if custom is not None:
        names |= {column: (f"{name}__c",) for column, (name, *_) in custom.api_names.items()}
        # A query of version 5 has no fields with several values (reference v5 B.1).
        several = [name for name, each in custom.columns.items() if kind_of(each) == "array"]
    lacks, computed = lacked_by_version_5(stream), stream.v5_computed
    if isinstance(endpoints[0], Record):  # that of versions 3 and 4 is read, too
        names |= {name: stream.api_names.get(name, (name,)) for name in lacks}
        computed |= lacks
    if reads_by_version_4(stream):
        lacks = frozenset()
    inner = {
        name: tuple(map(camel_case, each["items"]["properties"]))
        for name, each in columns.items()
        if kind_of(each) == "array" and "properties" in each["items"]
    }
    return Variant(
        V5,
        endpoints,
        keys=_keys(stream, key),
        replication_key=key,
        names=names,
        lacks=lacks.union(several),
        computed=computed,
        values=stream.v5_values,
        inner=inner,
    )


def lacks_of(endpoint: Endpoint) -> frozenset[str]:
    """Return the columns that an endpoint does not have."""
    found: frozenset[str] = getattr(endpoint, "lacks", frozenset())
    return found


def lacked_by_version_5(stream: type[PardotStream] | PardotStream) -> frozenset[str]:
    """Return the standard columns that only versions 3 and 4 have."""
    endpoints = declared_endpoints(stream.v5)
    lacks = [lacks_of(each) for each in endpoints]
    return frozenset.intersection(*lacks) if lacks else frozenset()


def reads_by_version_4(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether version 4 completes the rows that version 5 gives, so that nothing is lacking.

    It reads a row of the list by its id, which costs a call for each row; or the one record, which
    it reads in any case.
    """
    first, read = declared_endpoints(stream.v5)[:1], stream.v4
    if any(isinstance(each, Record) for each in first):
        return True
    is_listed = any(isinstance(each, Query) for each in first)
    return is_listed and isinstance(read, Lookup) and read.operation == "read" and read.batch == 1


def declared_columns(stream: type[PardotStream] | PardotStream) -> dict[str, Any]:
    """Return the columns of a stream's own declaration, without those of version 5."""
    cls = stream if isinstance(stream, type) else type(stream)
    schema: Any = cls.schema
    properties: dict[str, Any] = schema["properties"]
    return properties


def columns_of_both(stream: type[PardotStream]) -> dict[str, Any]:
    """Return the columns of a stream under version 5: those of both dialects."""
    columns = {**declared_columns(stream), **stream.v5_columns}
    for name, note in stream.v5_notes.items():
        columns[name] = {**columns[name], "description": f"{columns[name]['description']} {note}"}
    return columns


def off_by_default(
    stream: type[PardotStream] | PardotStream, *, reads_version_5: bool
) -> frozenset[str]:
    """Return the columns that are off by default; custom fields never are.

    Args:
        stream: The stream.
        reads_version_5: Whether ``api_version`` is 5.
    """
    off = frozenset(stream.off_by_default)
    return off | stream.v5_off | lacked_by_version_5(stream) if reads_version_5 else off


def declared_endpoints(
    declared: Endpoint | tuple[Endpoint, ...] | None,
) -> tuple[Endpoint, ...]:
    """Return the endpoints that a stream declares for a dialect."""
    if declared is None:
        return ()
    return declared if isinstance(declared, tuple) else (declared,)


def _replication_key(stream: type[PardotStream] | PardotStream) -> str | None:
    """Return the replication key that the class declares; None if it declares none.

    The SDK has a property of that name, which is not a string.
    """
    cls = stream if isinstance(stream, type) else type(stream)
    key: Any = getattr(cls, "replication_key", None)
    return key if isinstance(key, str) else None


def _keys(stream: type[PardotStream] | PardotStream, key: str | None) -> tuple[str, ...]:
    """Return the primary keys and a replication key."""
    names = dict.fromkeys((*stream.primary_keys, key))
    return tuple(name for name in names if name is not None)
