"""The children that one reading of a parent passes its records to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.records.times import to_iso
from tap_pardot.streams.assembly import is_append_only

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.child import Child


class Taker(NamedTuple):
    """What takes a parent's records, from a time on."""

    child: Child
    take: Callable[[str, Mapping[str, Any], str | None], None]
    synced: str


class Listeners:
    """The children that one reading of a parent passes its records to.

    Args:
        parent: The parent.
        children: The children.
        is_full: Whether all of the parent is read, whatever was passed on before.
    """

    def __init__(
        self, parent: PardotStream, children: Sequence[Child], *, is_full: bool = False
    ) -> None:
        self._parent = parent.name
        self._time = time_column(parent)
        self._is_full = is_full
        self.children = children
        needed = [column for child in children for column in child.parents[parent.name]]
        self.columns = tuple(dict.fromkeys([*needed, *filter(None, [self._time])]))
        self._takers: list[Taker] = []

    def on_start(self) -> None:
        """Find out from which time on a record is new to each child."""
        self._takers = [
            Taker(child, child.source.on_parent_record, self._synced_text(child))
            for child in self.children
            if child.is_active
        ]

    def _synced_text(self, child: Child) -> str:
        if self._is_full or child.is_new(self._parent):
            return ""
        return to_iso(child.synced_until(self._parent))

    def on_record(self, record: Mapping[str, Any]) -> None:
        """Pass a record to the children that do not have it."""
        when = record.get(self._time)
        for _, take, synced in self._takers:
            if when is None or when >= synced:
                take(self._parent, record, when)

    @property
    def are_there(self) -> bool:
        """Whether a child takes records."""
        return bool(self._takers)

    def on_end(self) -> None:
        """Pass nothing more."""
        self._takers = []

    def drain(self) -> None:
        """Read the ids of children that have many; errors as of :meth:`Child.read_pending`."""
        takers, self._takers = self._takers, []
        try:
            for taker in takers:
                if taker.child.source.is_full:
                    taker.child.read_pending()
        finally:
            self._takers = [taker for taker in takers if taker.child.is_active]


def time_column(parent: PardotStream) -> str:
    """Return the column by which a parent's windows go; empty if there is none."""
    return "created_at" if is_append_only(parent) else parent.declared_key or ""
