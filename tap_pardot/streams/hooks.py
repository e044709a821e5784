"""What a stream needs of the tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext


class TapHooks(NamedTuple):
    """What a stream needs of the tap.

    Attributes:
        open_sync: Returns the context of the run; the first call makes the run's first API calls.
        renew_maps: Makes a stream's maps again after its columns have changed.
        start_children: Creates the readings of the streams that are read through others.
        reads_version_5: Whether ``api_version`` is 5, so that streams have a variant for each
            dialect.
        include: The streams and columns that are off by default and that the setting ``include``
            names.
    """

    open_sync: Callable[[], SyncContext]
    renew_maps: Callable[[PardotStream], None]
    start_children: Callable[[], None]
    reads_version_5: bool = False
    include: frozenset[str] = frozenset()
