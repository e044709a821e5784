"""The base class of streams whose columns the account itself defines."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from tap_pardot.errors import StreamFailed
from tap_pardot.records import custom_fields
from tap_pardot.streams.exports import ExportStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.singerlib import Catalog

    from tap_pardot.tap import TapPardot


class CustomStream(ExportStream):
    """An object with custom fields: columns besides the declared ones, found at each start."""

    def __init__(self, tap: TapPardot) -> None:
        super().__init__(tap)
        declared: dict[str, Any] = cast("Any", type(self)).schema
        standard = declared["properties"]
        try:
            fields = tap.custom_fields(self.name)
        except StreamFailed as error:
            # To read on without them would lose what they hold.
            self.failed_early, fields = error, []
        self._asked_for_fields = fields is not None
        found, names = custom_fields.columns(fields or (), standard, self.computed)
        self.custom_columns = tuple(found)
        self.schema = {**declared, "properties": {**standard, **found}}  # type: ignore[misc]
        self.api_names = {**self.api_names, **names}

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take selection from a catalog, but the columns that there are now.

        A field made since then is read where the catalog deselects nothing that is on by default:
        a user who chose single columns did not ask for it. A column without a field is left out:
        its nulls would overwrite what was loaded while there was one.
        """
        super().apply_catalog(catalog)
        if self._input_schema is None:
            return
        known, here = self._input_schema["properties"], self.schema["properties"]
        selected = [name for name in known if self.mask.get(("properties", name), True)]
        gone = [name for name in selected if name not in here]
        if gone and self.knows_fields:
            self.logger.warning(
                "%s: Pardot tells of no field for the column%s %s any more; left out.",
                self.name,
                "" if len(gone) == 1 else "s",
                ", ".join(gone),
            )
        columns = {name: known[name] for name in known if name in here}
        new = {name: here[name] for name in self.custom_columns if name not in known}
        if new and self._deselects_columns(known):
            self.logger.warning(
                "%s: %d new custom field%s not read, because the catalog deselects other columns. "
                "Discover the catalog anew (Meltano: --refresh-catalog) to select them.",
                self.name,
                len(new),
                " is" if len(new) == 1 else "s are",
            )
            new = {}
        self._input_schema = {**self._input_schema, "properties": columns | new}

    def _deselects_columns(self, known: Mapping[str, Any]) -> bool:
        """Whether the catalog leaves out a column that is on by default."""
        standard: dict[str, Any] = cast("Any", type(self)).schema["properties"]
        wanted = {*standard, *known} & self.schema["properties"].keys()
        return any(
            name not in known or not self.mask.get(("properties", name), True) for name in wanted
        )

    @property
    def knows_fields(self) -> bool:
        """Whether Pardot was asked for the custom fields, and told of them."""
        return self._asked_for_fields and self.failed_early is None

    @cached_property
    def custom(self) -> tuple[str, ...]:
        """The selected custom fields, as the API names them."""
        selected = set(self.columns)
        return tuple(self.api_name(name) for name in self.custom_columns if name in selected)
