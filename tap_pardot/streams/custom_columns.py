"""Columns that the account itself defines: custom fields of prospects and prospect accounts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pardot.errors import TapPardotError

logger = logging.getLogger("tap-pardot")


class CustomColumns(NamedTuple):
    """What is known of an account's own columns.

    Attributes:
        columns: JSON Schema by column.
        api_names: By column, the API's names.
        are_known: Whether Pardot was asked for them, and answered.
        failure: Why they are not known although they are needed. To read the stream without them
            would lose what they hold.
    """

    columns: Mapping[str, Any] = {}
    api_names: Mapping[str, Any] = {}
    are_known: bool = False
    failure: TapPardotError | None = None


def adopt_catalog(
    stream: str,
    custom: CustomColumns,
    catalog: dict[str, Any],
    schema: Mapping[str, Any],
    mask: Mapping[tuple[str, ...], bool],
) -> dict[str, Any]:
    """Return the catalog's schema with the custom columns that there are now.

    A field that is newer than the catalog is read where the catalog deselects no column that is
    on by default: a user who chose single columns did not ask for it. A column whose field is
    gone is left out: its nulls would overwrite what was loaded while the field existed.

    Args:
        stream: The stream, for the log.
        custom: The account's own columns.
        catalog: The schema in the catalog.
        schema: The schema of all columns there are.
        mask: What the catalog selects.
    """
    known, here = catalog["properties"], schema["properties"]
    selected = [name for name in known if mask.get(("properties", name), True)]
    gone = [name for name in selected if name not in here]
    if gone and custom.are_known:
        logger.warning(
            "%s: Pardot has no field for the column%s %s any more; left out.",
            stream,
            "" if len(gone) == 1 else "s",
            ", ".join(gone),
        )
    columns = {name: known[name] for name in known if name in here}
    new = {name: here[name] for name in custom.columns if name not in known}
    if new and _deselects(known, here, custom, mask):
        logger.warning(
            "%s: %d new custom field%s not read, because the catalog deselects other columns. "
            "Discover the catalog anew (Meltano: --refresh-catalog) to select them.",
            stream,
            len(new),
            " is" if len(new) == 1 else "s are",
        )
        new = {}
    return {**catalog, "properties": columns | new}


def _deselects(
    known: Mapping[str, Any],
    here: Mapping[str, Any],
    custom: CustomColumns,
    mask: Mapping[tuple[str, ...], bool],
) -> bool:
    """Return whether the catalog leaves out a column that is on by default."""
    standard = here.keys() - custom.columns.keys()
    wanted = {*standard, *known} & here.keys()
    return any(name not in known or not mask.get(("properties", name), True) for name in wanted)
