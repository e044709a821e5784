"""A local Pardot with many lists, in a process of its own: its work must not count as a tap's.

Prints the settings of an account as one line of JSON, then serves until its stdin ends.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_pardot.sandbox.harness import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

# Within one summer time of New York, no two rows in a second: rows on which no tap stumbles.
_FIRST = int(datetime(2024, 3, 15, tzinfo=UTC).timestamp())
_SPAN = 200 * 86_400


def lists(rows: int) -> Iterator[dict[str, Any]]:
    """Yield rows of lists in the sandbox's storage form.

    Args:
        rows: How many; at most one per second of the span.
    """
    step = _SPAN // rows
    for number in range(1, rows + 1):
        at = _FIRST + number * step
        yield {
            "id": 1000 + number,
            "name": f"Newsletter {number} “autumn”",
            "title": None if number % 3 else f"Title {number}",
            "description": "Everyone who asked for the newsletter on the web site",
            "is_public": number % 2 == 0,
            "is_dynamic": number % 5 == 0,
            "is_crm_visible": number % 7 == 0,
            "created_at": at - 3600,
            "updated_at": at,
        }


def main() -> None:
    """Serve."""
    rows = int(sys.argv[1])
    with Sandbox(timezone="America/New_York") as sandbox:
        sandbox.add("list", lists(rows))
        print(json.dumps({"url": sandbox.url, "config": sandbox.config}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
