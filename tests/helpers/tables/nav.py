"""The pages of streams in the navigation of ``mkdocs.yml``."""

from __future__ import annotations

from tests.helpers.tables.markup import ALL


def of_streams() -> str:
    """Return one line per page."""
    return "\n".join(f"      - {stream.name}: streams/{stream.name}.md" for stream in ALL)
