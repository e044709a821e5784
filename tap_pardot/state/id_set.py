"""Ids that are still to be read: few in STATE, any number in a temporary file.

Pure but for the temporary file, which only the unusual run needs.
"""

from __future__ import annotations

import re
import sqlite3
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_IN_STATE = 10_000
"""Ids that one stream may keep in STATE."""

_PACKED = re.compile(r"[1-9][0-9]{0,17}(\+[1-9][0-9]{0,17})*")
_BLOCK = 1000  # ids taken from the file at a time


def pack(ids: Iterable[int]) -> str | None:
    """Return ids as text, each as the distance from the one before: ``81+1+5``; None for none."""
    ordered = sorted(set(ids))
    if not ordered:
        return None
    steps = [ordered[0], *(after - before for before, after in pairwise(ordered))]
    return "+".join(map(str, steps))


def unpack(text: str | None) -> list[int]:
    """Return the ids of a text of :func:`pack`, in their order.

    Raises:
        ValueError: The text is not one.
    """
    if text is None:
        return []
    if not _PACKED.fullmatch(text):
        raise ValueError("no packed ids")
    return list(accumulate(int(step) for step in text.split("+")))


class Pending:
    """A set of ids, all positive, that keeps memory flat.

    While there are too many for STATE they are in a file, from which those that are read are
    removed, so that the rest may come to fit into STATE again.

    Args:
        ids: Those to begin with.
        once: Whether these are not to be added again, though they were removed.
    """

    def __init__(self, ids: Iterable[int] = (), *, once: bool = False) -> None:
        self._few = set(ids)
        self._barred = frozenset(self._few if once else ())
        self._file: sqlite3.Connection | None = None
        self._filed = 0

    @property
    def overflows(self) -> bool:
        """Whether there are too many for STATE."""
        return self._file is not None

    def add(self, number: int) -> None:
        """Add an id."""
        if number in self._barred:
            return
        self._few.add(number)
        if len(self._few) > MOST_IN_STATE:
            self._spill()

    def discard(self, number: int) -> None:
        """Remove an id."""
        self._few.discard(number)
        if self._file is not None:
            gone = self._file.execute("DELETE FROM pending WHERE id = ?", (number,))
            self._filed -= gone.rowcount
            self._fit()

    def clear(self) -> None:
        """Remove all."""
        self._few.clear()
        self._close()

    def shrink(self) -> int:
        """Keep no more than STATE takes, the largest; return how many were let go."""
        if self._file is None:
            return 0
        self._spill()
        let_go = max(0, self._filed - MOST_IN_STATE)
        self._file.execute(
            "DELETE FROM pending WHERE id IN (SELECT id FROM pending ORDER BY id LIMIT ?)",
            (let_go,),
        )
        self._filed -= let_go
        self._fit()
        return let_go

    def __iter__(self) -> Iterator[int]:
        """Iterate over the ids in their order, over a set that may shrink meanwhile."""
        last = 0
        while self._file is not None:
            self._spill()
            block = "SELECT id FROM pending WHERE id > ? ORDER BY id LIMIT ?"
            ids = [number for (number,) in self._file.execute(block, (last, _BLOCK))]
            if not ids:
                return
            yield from ids
            last = ids[-1]
        yield from sorted(number for number in self._few if number > last)

    def few(self) -> frozenset[int]:
        """Return the ids, while they fit into STATE."""
        return frozenset(self._few)

    def _spill(self) -> None:
        if self._file is None:
            # Without a name the file is private, and gone with the connection.
            self._file = sqlite3.connect("")
            self._file.execute("CREATE TABLE pending (id INTEGER PRIMARY KEY)")
        rows = ((number,) for number in self._few)
        added = self._file.executemany("INSERT OR IGNORE INTO pending VALUES (?)", rows)
        self._filed += added.rowcount
        self._few.clear()

    def _fit(self) -> None:
        """Leave the file when what is in it fits into STATE."""
        if self._file is not None and self._filed + len(self._few) <= MOST_IN_STATE:
            self._few.update(number for (number,) in self._file.execute("SELECT id FROM pending"))
            self._close()

    def _close(self) -> None:
        # A signal may come at any point: while there is a file, STATE trusts nothing in here.
        if self._file is not None:
            self._file.close()
            self._file, self._filed = None, 0
