"""What the dbt example has of the tap: its sources, and the codes of activity types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from examples.dbt.sources import sources
from tests.helpers.tables import activity_types, catalogs
from tests.helpers.tables.markup import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXAMPLE = ROOT / "examples" / "dbt"


def pages() -> dict[Path, Callable[[], str]]:
    """Return by file the function that makes it."""
    return {
        EXAMPLE / "models" / "sources.yml": lambda: sources(catalogs.catalog(4)),
        EXAMPLE / "seeds" / "activity_types.csv": activity_types.text,
    }
