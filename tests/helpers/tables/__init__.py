"""Tables and pages of the documentation, made from the code.

``python -m tests.helpers.tables`` writes them. A table stands between two marks in a page that is
written by hand; a page of ``docs/streams`` is made as a whole.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from tests.helpers import rooms
from tests.helpers.tables import (
    abilities,
    activity_types,
    dbt,
    diagrams,
    errors,
    joins,
    lists,
    nav,
    plugin,
    settings,
    stream_pages,
)
from tests.helpers.tables.markup import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TABLES: dict[Path, dict[str, Callable[[], str]]] = {
    DOCS / "settings.md": {"settings": settings.settings_table},
    DOCS / "versions.md": {"versions": lists.versions_table},
    DOCS / "streams" / "index.md": {
        "streams": lists.streams_table,
        "readings": lists.readings_table,
    },
    DOCS / "operations" / "errors.md": {
        "errors": errors.errors_table,
        "own faults": errors.own_faults,
    },
    DOCS / "modeling" / "index.md": {
        "joins": joins.joins_table,
        "no joins": joins.no_joins_table,
    },
    DOCS / "modeling" / "activity-types.md": {"types": activity_types.types_table},
    DOCS / "getting-started" / "api-user.md": {"abilities": abilities.abilities_table},
    ROOT / "mkdocs.yml": {"streams": nav.of_streams},
    plugin.PROJECT: {"tap-pardot": plugin.project_entry},
}
"""By file written by hand, the functions that make its tables, by the name in the marks."""

PAGES: dict[Path, Callable[[], str]] = {
    **stream_pages.pages(),
    **diagrams.pages(),
    **rooms.pages(),
    plugin.DEFINITION: plugin.definition_text,
    **dbt.pages(),
}
"""By file that is made as a whole, the function that makes it."""


def makers() -> dict[Path, Callable[[], str]]:
    """Return by file that is made, wholly or in part, the function that returns its text."""
    return {**{path: partial(with_tables, path) for path in TABLES}, **PAGES}


def with_tables(path: Path) -> str:
    """Return the text of a file with what stands between the marks of each table made anew."""
    text = path.read_text(encoding="utf-8")
    for name, make in TABLES[path].items():
        begin, end = _marks(path, name)
        pattern = re.compile(f"({re.escape(begin)}\n).*?( *{re.escape(end)})", re.DOTALL)
        table = make()
        text, number = pattern.subn(
            lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text
        )
        if number != 1:
            raise ValueError(f"{path.name} needs the table {name} once, not {number} times")
    return text


def _marks(path: Path, name: str) -> tuple[str, str]:
    """Return the lines before and after a table."""
    if path.suffix == ".md":
        return f"<!-- table: {name} -->", "<!-- end of table -->"
    return f"# table: {name}", "# end of table"
