"""The table of the abilities that streams need."""

from __future__ import annotations

from tap_pardot.streams.abilities import ABILITIES, Ability
from tests.helpers.tables.markup import code, table

FOR_CUSTOM_FIELDS = "custom_fields"
"""The stream whose ability custom fields need, in whatever stream they are columns."""


def abilities_table() -> str:
    """Return one row for the streams that need the same ability."""
    rows = ((_streams(each), each.name, each.certainty) for each in ABILITIES)
    return table(("Streams", "Ability", "How sure"), rows)


def _streams(ability: Ability) -> str:
    names = code(*ability.streams)
    is_of_fields = FOR_CUSTOM_FIELDS in ability.streams
    return f"custom fields in `prospects`, and {names}" if is_of_fields else names
