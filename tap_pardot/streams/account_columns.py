"""Columns that the account itself defines: custom fields of prospects and prospect accounts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pardot.errors import TapPardotError
    from tap_pardot.streams.base import PardotStream

logger = logging.getLogger("tap-pardot")


class CustomColumns(NamedTuple):
    """The custom field columns of a stream, as far as they are known.

    Attributes:
        columns: The JSON Schema of each column.
        api_names: The API's names of each column.
        are_known: Whether Pardot has returned the account's custom fields.
        failure: The error that kept the tap from reading the custom fields. The stream then fails:
            without these columns, their values would be lost.
    """

    columns: Mapping[str, Any] = {}
    api_names: Mapping[str, Any] = {}
    are_known: bool = False
    failure: TapPardotError | None = None


def adopt_catalog(
    stream: PardotStream, custom: CustomColumns, catalog: dict[str, Any]
) -> dict[str, Any]:
    """Return the catalog's schema of a stream, adapted to the custom fields that exist now.

    A field that is newer than the catalog gets a column, unless the catalog deselects a column
    that is on by default: then the user has chosen single columns. A column whose field no longer
    exists is left out, because its nulls would overwrite loaded values.

    Args:
        stream: The stream, with the schema of all existing columns.
        custom: The custom field columns.
        catalog: The schema in the catalog.
    """
    known, here = catalog["properties"], stream.schema["properties"]
    selected = [name for name in known if stream.mask.get(("properties", name), True)]
    later = stream.v5_columns.keys()  # logged already, where the version lacks them
    gone = [name for name in selected if name not in here and name not in later]
    if gone and custom.are_known:
        logger.warning(
            "%s: Pardot has no field for the column%s %s any more; left out.",
            stream.name,
            "" if len(gone) == 1 else "s",
            ", ".join(gone),
        )
    columns = {name: known[name] for name in known if name in here}
    new = {name: here[name] for name in custom.columns if name not in known}
    on_by_default = {*(here.keys() - custom.columns.keys()), *columns} - stream.off
    if new and not on_by_default.issubset(selected):
        logger.warning(
            "%s: %d new custom field%s not read, because the catalog deselects other columns. "
            "Discover the catalog anew (Meltano: --refresh-catalog) to select them.",
            stream.name,
            len(new),
            " is" if len(new) == 1 else "s are",
        )
        new = {}
    return {**catalog, "properties": columns | new}
