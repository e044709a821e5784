"""Marks in a STATE of earlier versions, which kept windows open while too many ids waited.

Such a run wrote ``{"id", "start", "end", "parents"}``: all ids up to this one that rows of these
parents named in [start, end) were read. No mark is written any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class OverflowMarks:
    """Tells which ids an interrupted run of an earlier version has read.

    Args:
        marks: As they are in STATE.
    """

    def __init__(self, marks: Sequence[dict[str, Any]] | None) -> None:
        self._marks = marks or ()

    def __bool__(self) -> bool:
        """Return whether there are marks."""
        return bool(self._marks)

    def cover(self, parent: str, number: int, when: str | None) -> bool:
        """Return whether an id was read since a parent's row named it.

        Args:
            parent: The parent stream.
            number: The id.
            when: The row's time, in UTC, by which the parent's windows go.
        """
        return when is not None and any(
            parent in mark["parents"]
            and number <= mark["id"]
            and mark["start"] <= when < mark["end"]
            for mark in self._marks
        )
