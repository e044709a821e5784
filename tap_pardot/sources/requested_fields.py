"""The fields that the requests of a query name, less those that Pardot refuses."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class RequestedFields:
    """The fields to request. Threads may share it.

    The fields of objects in an array are requested with dots (``senderOptions.type``), or by the
    array's name alone where Pardot refuses that (reference v5, corrections to B.9).

    Args:
        names: The fields, keys first.
        keys: Those that cannot be left out.
    """

    def __init__(self, names: Iterable[str], keys: Collection[str]) -> None:
        self.names = tuple(names)
        self.rejected: set[str] = set()
        """The fields that Pardot has refused."""
        self._keys = frozenset(keys)
        self._lock = threading.Lock()

    def reject(self, words: Collection[str], requested: Collection[str]) -> bool:
        """Leave out the fields that a refusal names.

        Args:
            words: The words of Pardot's message.
            requested: The fields of the refused request.

        Returns:
            Whether the next request differs from the refused one.
        """
        named = {
            name
            for name in requested
            if name not in self._keys and not {name, name.partition(".")[0]}.isdisjoint(words)
        }
        with self._lock:
            arrays = {name.partition(".")[0] for name in named if "." in name}
            self.rejected |= {name for name in named if "." not in name}
            kept = (
                name.partition(".")[0] if name.partition(".")[0] in arrays else name
                for name in self.names
            )
            self.names = tuple(dict.fromkeys(name for name in kept if name not in self.rejected))
        return bool(named)
