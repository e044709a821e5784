"""The fields that the requests of a query name, less those that Pardot refuses."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_pardot.errors import StreamFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from tap_pardot.api.dialect import Request, Row
    from tap_pardot.errors import TapPardotError
    from tap_pardot.sources.base import Call


class RequestedFields:
    """The fields to request. Threads may share it.

    The fields of objects in an array are requested with dots (``senderOptions.type``), or by the
    array's name alone where Pardot refuses that (reference v5, corrections to B.9).

    Args:
        names: The fields, keys first.
        keys: Those that cannot be left out.
        on_refused: Called once for each field that Pardot refuses, with the field and the code.
    """

    def __init__(
        self,
        names: Iterable[str],
        keys: Collection[str],
        on_refused: Callable[[str, int | None], None] = lambda *_: None,
    ) -> None:
        self.names = tuple(names)
        self.rejected: set[str] = set()
        """The fields that Pardot has refused."""
        self._keys = frozenset(keys)
        self._bare: set[str] = set()
        """The arrays that are requested by their name alone."""
        self._most: int | None = None
        """The most fields of one request besides the keys; None while it can name all."""
        self._on_refused = on_refused
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
                if error.code not in codes or not self.reject(error, names):
                    raise

    def reject(self, error: TapPardotError, requested: Sequence[str]) -> bool:
        """Leave out the fields that a refusal names.

        Args:
            error: The refusal.
            requested: The fields of the refused request.

        Returns:
            Whether the next request differs from the refused one.
        """
        named = {
            name
            for name in requested
            if name not in self._keys
            and not {name, name.partition(".")[0]}.isdisjoint(error.message_words)
        }
        with self._lock:
            self._bare |= {name.partition(".")[0] for name in named if "." in name}
            new = sorted({name for name in named if "." not in name} - self.rejected)
            self.rejected.update(new)
            self.names = self.accepted(self.names)
        for name in new:
            self._on_refused(name, error.code)
        return bool(named)

    def accepted(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return fields as they are requested now."""
        bare = {name: name.partition(".")[0] for name in names}
        kept = (array if array in self._bare else name for name, array in bare.items())
        return tuple(dict.fromkeys(name for name in kept if name not in self.rejected))

    @property
    def parts(self) -> list[tuple[str, ...]]:
        """The fields of each request that one page takes; the keys are in all of them."""
        names, most = self.names, self._most
        if most is None:
            return [names]
        keys = tuple(name for name in names if name in self._keys)
        others = [name for name in names if name not in self._keys]
        return [(*keys, *others[at : at + most]) for at in range(0, len(others), most)]

    def shorten(self, part: Sequence[str]) -> bool:
        """Name fewer fields in a request from now on.

        Args:
            part: The fields of a request whose address was too long.

        Returns:
            Whether that is possible.
        """
        number = sum(name not in self._keys for name in part)
        with self._lock:
            half = max((number + 1) // 2, 1)
            self._most = half if self._most is None else min(self._most, half)
        return number > 1
