"""What the answers of all dialects have in common. Pure: no I/O."""

from __future__ import annotations

from typing import Any

from tap_pardot.errors import NoSuchAddress, Retriable, StreamFailed
from tap_pardot.records.values import ConversionError, to_integer


def check_status(status: int) -> None:
    """Check the HTTP status of an answer that has no code of Pardot's.

    Raises:
        Retriable: The same request may succeed later.
        StreamFailed: It is any other error.
    """
    if status >= 500 or status in {408, 429}:  # noqa: PLR2004
        raise Retriable(
            f"Pardot answered HTTP {status}.",
            timed_out=status in {408, 504},
            throttled=status == 429,  # noqa: PLR2004
        )
    if status >= 400:  # noqa: PLR2004
        kind = NoSuchAddress if status == 404 else StreamFailed  # noqa: PLR2004
        raise kind(
            f"HTTP {status} came without a Pardot error code: check api_url and any proxy "
            "between here and Pardot."
        )


def integer_of(value: Any) -> int | None:
    """Return a whole number; None for a value that is none."""
    try:
        return to_integer(value)
    except ConversionError:
        return None
