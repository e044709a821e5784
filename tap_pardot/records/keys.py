"""The keys of an answer's rows that a column's values may come from.

Pure: no I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_pardot.records.values import camel_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def keys_by_column(
    columns: Iterable[str], api_names: Mapping[str, Sequence[str]]
) -> dict[str, list[tuple[str, str]]]:
    """Return by column the keys it may come from, as in :class:`_Column`.

    A key that columns declare as their name belongs to them only: the custom field "firstName" is
    not the standard column "first_name".
    """
    owners: dict[str, set[str]] = {}
    for column, names in api_names.items():
        for name in names[:1]:
            owners.setdefault(name, set()).add(column)
    return {
        column: [
            (key, inner)
            for key, inner in _keys(column, api_names.get(column, ()))
            if column in owners.get(key, {column})
        ]
        for column in columns
    }


def _keys(column: str, declared: Sequence[str]) -> list[tuple[str, str]]:
    names = dict.fromkeys((*declared, column, camel_case(column)))
    return [(key, inner) for key, _, inner in (name.partition(".") for name in names)]
