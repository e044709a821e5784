"""Pending ids: the ids that are still to be read. STATE holds them in a packed form.

No I/O, except for a temporary file when a run reads very many ids.
"""

from __future__ import annotations

import re
import sqlite3
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DRAIN_AT = 5_000
"""Pending ids at which parents pause until these are read."""

MAX_IN_STATE = 10_000
"""The most ids in any other list in STATE."""

MAX_IN_MEMORY = 100_000
"""Ids of an :class:`IdSet` beyond which it moves to a temporary file."""

_PACKED = re.compile(r"[1-9][0-9]{0,17}(\+[1-9][0-9]{0,17})*")
_PAIR = r"[1-9][0-9]{0,17}:-?[0-9]{1,18}"
_PACKED_PAIRS = re.compile(rf"{_PAIR}(\+{_PAIR})*")


def pack(ids: Iterable[int]) -> str | None:
    """Return ids as text, each as the distance from the one before: ``81+1+5``; None for none."""
    ordered = sorted(set(ids))
    if not ordered:
        return None
    steps = [ordered[0], *(after - before for before, after in pairwise(ordered))]
    return "+".join(map(str, steps))


def unpack(text: str | None) -> list[int]:
    """Return the ids of a packed text, in their order.

    Raises:
        ValueError: The text does not hold packed ids.
    """
    if text is None:
        return []
    if not _PACKED.fullmatch(text):
        raise ValueError("no packed ids")
    return list(accumulate(int(step) for step in text.split("+")))


def pack_pairs(pairs: Mapping[int, int]) -> str | None:
    """Return pairs of ids as text, each as the distances from the one before: ``81:82+4:-1``.

    None for none.
    """
    ordered = [(0, 0), *sorted(pairs.items())]
    steps = (f"{id_ - last}:{other - before}" for (last, before), (id_, other) in pairwise(ordered))
    return "+".join(steps) or None


def unpack_pairs(text: str | None) -> dict[int, int]:
    """Return the pairs of a packed text.

    Raises:
        ValueError: The text does not hold packed pairs of ids.
    """
    if text is None:
        return {}
    if not _PACKED_PAIRS.fullmatch(text):
        raise ValueError("no packed pairs")
    steps = [step.split(":") for step in text.split("+")]
    others = [*accumulate(int(other) for _, other in steps)]
    if min(others) <= 0:
        raise ValueError("no packed pairs of ids")
    return dict(zip(accumulate(int(step) for step, _ in steps), others, strict=True))


class IdSet:
    """A growing set of ids in flat memory.

    Args:
        most_in_memory: Ids beyond which the set moves to a temporary file.
    """

    def __init__(self, most_in_memory: int = MAX_IN_MEMORY) -> None:
        self._most_in_memory = most_in_memory
        self._recent: set[int] = set()
        self._file: sqlite3.Connection | None = None

    def add(self, number: int) -> None:
        """Add an id."""
        self._recent.add(number)
        if len(self._recent) > self._most_in_memory:
            self._move_to_file()

    def __contains__(self, number: int) -> bool:
        """Return whether an id was added."""
        if number in self._recent:
            return True
        if self._file is None:
            return False
        found = self._file.execute("SELECT 1 FROM ids WHERE id = ?", (number,))
        return found.fetchone() is not None

    def _move_to_file(self) -> None:
        if self._file is None:
            # A database without a name is private, and is deleted with the connection.
            self._file = sqlite3.connect("")
            self._file.execute("CREATE TABLE ids (id INTEGER PRIMARY KEY)")
        rows = ((number,) for number in self._recent)
        self._file.executemany("INSERT OR IGNORE INTO ids VALUES (?)", rows)
        self._recent.clear()


class PendingIds:
    """Ids that are still to be read. An id that was read is not taken again in the run.

    Args:
        ids: Those that earlier runs left.
        drain_at: How many make the set full.
    """

    def __init__(self, ids: Iterable[int] = (), *, drain_at: int | None = None) -> None:
        self._waiting = set(ids)
        self._postponed: set[int] = set()
        self._read = IdSet()
        self._drain_at = DRAIN_AT if drain_at is None else drain_at

    @property
    def is_full(self) -> bool:
        """Whether so many ids wait that they should be read before more are added."""
        return len(self._waiting) >= self._drain_at

    def add(self, number: int) -> None:
        """Add an id, unless this run has read it or tried to."""
        if number not in self._waiting and not self.was_tried(number):
            self._waiting.add(number)

    def __contains__(self, number: int) -> bool:
        """Return whether an id is still to be read, in this run or the next."""
        return number in self._waiting or number in self._postponed

    def was_tried(self, number: int) -> bool:
        """Return whether this run has read an id, or has postponed it."""
        return number in self._postponed or number in self._read

    def mark_read(self, number: int) -> None:
        """Remove an id: its row is written, or Pardot has no record with it."""
        self._read.add(number)
        self._waiting.discard(number)

    def postpone(self, number: int) -> None:
        """Leave an id to the next run."""
        self._postponed.add(number)
        self._waiting.discard(number)

    def waiting(self) -> list[int]:
        """Return the ids to read in this run, in their order."""
        return sorted(self._waiting)

    def to_state(self) -> str | None:
        """Return all that are not read, packed."""
        return pack(self._waiting | self._postponed)
