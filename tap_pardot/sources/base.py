"""The base class of sources. A source yields the pages of a window; a reading has one source."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tap_pardot.records.times import first_half

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeVar
    from zoneinfo import ZoneInfo

    from tap_pardot.api.dialect import Request
    from tap_pardot.errors import RequestTooLarge
    from tap_pardot.records.times import Window

    T = TypeVar("T")

logger = logging.getLogger("tap-pardot")


class Call(Protocol):
    """Makes one call to Pardot, counted for one stream."""

    def __call__(self, request: Request[T]) -> T:
        """Return the parsed answer to a request; errors as of ``Client.call``."""


@dataclass(frozen=True)
class Page:
    """Rows of one stream.

    Attributes:
        blocks: The rows in blocks, none of which is empty. A block is a list of rows, each a JSON
            object. If ``fields`` is given, it is a list of columns of cells instead.
        fields: The API's names of the columns, in their order.
        values: Values of computed columns, the same for all rows.
        bounds: The first instant and the one after the last, as ISO 8601 strings in UTC; None for
            no bound. Records whose replication key is outside are left out.
        lacks: Columns that the rows do not have, so that their records are without them.
        without_id: How many rows were left out because they have no usable id.
        save: Moves the bookmark. It is called when the rows are written, and STATE is written
            next. None for a page after which no bookmark moves.
    """

    blocks: Iterable[Sequence[Any]]
    fields: Sequence[str] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    bounds: tuple[str | None, str | None] = (None, None)
    lacks: frozenset[str] = frozenset()
    without_id: int = 0
    save: Callable[[], None] | None = None


class Source(ABC):
    """One way to read a stream. The defaults are those of a source that needs no preparation."""

    def submit(self) -> None:  # noqa: B027 - most sources have nothing to do
        """Start work that takes long, before anything is read (create export jobs).

        Raises:
            TapPardotError: The stream cannot be read by this source.
        """

    def prepare(self) -> None:  # noqa: B027 - most sources have nothing to find out
        """Find out which columns the source can return; called before SCHEMA is written.

        Raises:
            TapPardotError: The stream cannot be read by this source.
        """

    def next_window(self, window: Window) -> Window:
        """Return the beginning of a window, as long as the source can read at once.

        Raises:
            TapPardotError: The stream cannot be read any further.
        """
        return window

    @abstractmethod
    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield the pages of a window. A window that an interrupted run left open is resumed.

        Args:
            window: The window; None for all rows.

        Raises:
            RequestTooLarge: Pardot runs out of time, and a shorter window can be read.
            TapPardotError: The stream cannot be read any further.
        """

    def split(self, window: Window, error: RequestTooLarge) -> None:  # noqa: ARG002
        """Read shorter windows from now on, because Pardot ran out of time for one.

        Raises:
            RequestTooLarge: The source cannot read shorter windows.
        """
        raise error

    def close(self, window: Window | None) -> None:  # noqa: B027 - most sources store nothing
        """Drop what was stored for a window, because all of its rows are written."""


def shorter_window(stream: str, window: Window, zone: ZoneInfo, error: RequestTooLarge) -> Window:
    """Return the first half of a window, and log that later windows are at most that long.

    A window that has no halves is returned as it is.

    Args:
        stream: The stream, for the log.
        window: The window that Pardot ran out of time for.
        zone: The API user's zone; no window may end in a repeated hour of it.
        error: Pardot's error.
    """
    half = first_half(window, zone) or window
    logger.warning("%s: %s Windows of %s from now on.", stream, error, half.end - half.start)
    return half
