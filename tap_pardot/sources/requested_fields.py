"""The fields that the requests of a query name, less those that Pardot refuses."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_pardot.errors import StreamFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from tap_pardot.api.dialect import Request, Row
    from tap_pardot.sources.base import Call


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

    def request(
        self,
        call: Call,
        codes: Collection[int],
        request_of: Callable[[tuple[str, ...]], Request[Row]],
    ) -> Row:
        """Return the row that a request has for answer, without the fields that Pardot refuses.

        Args:
            call: Makes the calls.
            codes: The codes by which Pardot refuses a field.
            request_of: Returns the request for some fields.

        Raises:
            TapPardotError: As of the client, but a refused field that can be left out is no error.
        """
        while True:
            names = self.names
            try:
                return call(request_of(names))
            except StreamFailed as error:
                if error.code not in codes or not self.reject(error.message_words, names):
                    raise

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
