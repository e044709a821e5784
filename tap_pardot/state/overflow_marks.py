"""Reads the key ``marks`` in a STATE of earlier versions of this tap. It is not written any more.

Earlier versions left a parent's window open while too many ids were pending. A mark is
``{"id", "start", "end", "parents"}``: all ids up to ``id`` were read that records of these parents
named in [start, end).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class OverflowMarks:
    """Knows which ids an interrupted run of an earlier version has read.

    Args:
        marks: The marks in STATE.
    """

    def __init__(self, marks: Sequence[dict[str, Any]] | None) -> None:
        self._marks = marks or ()

    def __bool__(self) -> bool:
        """Return whether there are marks."""
        return bool(self._marks)

    def cover(self, parent: str, number: int, when: str | None) -> bool:
        """Return whether an id was read after a parent's record named it.

        Args:
            parent: The parent stream.
            number: The id.
            when: The time of the record that the parent's windows are filtered by, in UTC.
        """
        return when is not None and any(
            parent in mark["parents"]
            and number <= mark["id"]
            and mark["start"] <= when < mark["end"]
            for mark in self._marks
        )
