"""The children that one reading of a parent passes its records to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.records.times import to_iso
from tap_pardot.streams.endpoints import is_append_only

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.fan_out.child import Child


class Listener(NamedTuple):
    """A child that gets a parent's records.

    Attributes:
        child: The child.
        on_record: Called with the parent's name, a record, and the record's time.
        synced_until: Earlier records were passed to the child before, as an ISO 8601 string in
            UTC; empty if none were.
    """

    child: Child
    on_record: Callable[[str, Mapping[str, Any], str | None], None]
    synced_until: str


class Listeners:
    """The children that one reading of a parent passes its records to.

    Args:
        parent: The parent.
        children: The children.
        is_full_table: Whether the parent is read by FULL_TABLE, so that all records are passed.

    Attributes:
        children: The children.
        columns: The columns that they need of each record.
    """

    def __init__(
        self, parent: PardotStream, children: Sequence[Child], *, is_full_table: bool = False
    ) -> None:
        self._parent = parent.name
        self._time = time_column(parent)
        self._is_full_table = is_full_table
        self.children = children
        needed = [column for child in children for column in child.parents[parent.name]]
        self.columns = tuple(dict.fromkeys([*needed, *filter(None, [self._time])]))
        self._active: list[Listener] = []

    def on_start(self) -> None:
        """Attach the children that have not failed, each with the time up to which it is synced."""
        self._active = [
            Listener(child, child.source.on_parent_record, self._synced_until(child))
            for child in self.children
            if child.is_active
        ]

    def _synced_until(self, child: Child) -> str:
        if self._is_full_table or child.is_new(self._parent):
            return ""
        return to_iso(child.synced_until(self._parent))

    def on_record(self, record: Mapping[str, Any]) -> None:
        """Pass a record to the children that it was not passed to before."""
        when = record.get(self._time)
        for _, on_record, synced_until in self._active:
            if when is None or when >= synced_until:
                on_record(self._parent, record, when)

    @property
    def has_active(self) -> bool:
        """Whether any child still gets records."""
        return bool(self._active)

    def on_end(self) -> None:
        """Pass no more records."""
        self._active = []

    def drain(self) -> None:
        """Read the pending ids of children that have many, and detach children that failed.

        Errors as of :meth:`Child.read_pending`.
        """
        active, self._active = self._active, []
        try:
            for listener in active:
                if listener.child.source.is_full:
                    listener.child.read_pending()
        finally:
            self._active = [listener for listener in active if listener.child.is_active]


def time_column(parent: PardotStream) -> str:
    """Return the time column that a parent's windows are filtered by; empty if there is none."""
    return "created_at" if is_append_only(parent) else parent.declared_key or ""
