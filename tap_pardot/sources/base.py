"""What a source is: it yields the pages of a window. Streams are composed of sources."""

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
    """Makes one call to Pardot, counted for one stream; errors as of ``Client.call``."""

    def __call__(self, request: Request[T]) -> T:
        """Return what the answer to a request means."""


@dataclass(frozen=True)
class Page:
    """Rows of one stream.

    Attributes:
        rows: JSON objects of the API, or lists of cells where ``fields`` is given.
        fields: The API's names of the cells.
        values: Columns that the source computes, the same in all rows.
        bounds: The first instant and the one after the last, as ISO text in UTC. A record whose
            replication key lies outside is left out; None for no bound.
        without_id: How many rows were left out because they have no key.
        save: Moves the bookmark once the rows are out; STATE is written after it.
    """

    rows: Iterable[Any]
    fields: Sequence[str] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    bounds: tuple[str | None, str | None] = (None, None)
    without_id: int = 0
    save: Callable[[], None] | None = None


class Source(ABC):
    """One way to read a stream. The defaults are those of a source that needs no preparation."""

    def submit(self) -> None:  # noqa: B027 - most sources have nothing to do
        """Start work that takes long, before anything is read (create export jobs)."""

    def prepare(self) -> None:  # noqa: B027 - most sources have nothing to find out
        """Find out what decides the columns; called before SCHEMA is written."""

    def next_window(self, window: Window) -> Window:
        """Return as much of a window as is read in one go."""
        return window

    @abstractmethod
    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield the pages of a window, on from where an interrupted run was.

        Args:
            window: What to read; None for everything there is.

        Raises:
            RequestTooLarge: Pardot runs out of time, and a shorter window can be read.
            TapPardotError: The stream cannot be read on.
        """

    def split(self, window: Window, error: RequestTooLarge) -> None:  # noqa: ARG002
        """Read shorter windows from now on, because Pardot ran out of time for one.

        Raises:
            RequestTooLarge: That is not possible.
        """
        raise error

    def close(self, window: Window | None) -> None:  # noqa: B027 - most sources forget nothing
        """Forget what was needed for a window only: all of its rows are out."""


def shorter_window(stream: str, window: Window, zone: ZoneInfo, error: RequestTooLarge) -> Window:
    """Return the first half of a window, and log that windows are no longer from now on.

    Args:
        stream: The stream, for the log.
        window: The window that Pardot has no time for.
        zone: The zone in which an edge must not be ambiguous.
        error: Why it is too long.
    """
    half = first_half(window, zone) or window
    logger.warning("%s: %s Windows of %s from now on.", stream, error, half.end - half.start)
    return half
