"""A local Pardot with many rows, in a process of its own: its work must not count as a tap's.

    python benchmarks/account.py ROWS [lists | activities | clicks | prospects | visits]

Prints the settings of an account as one line of JSON, then serves until its stdin ends.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pardot_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Within one summer time of New York, lists never two in a second: rows on which no tap stumbles.
_FIRST = int(datetime(2024, 3, 15, tzinfo=UTC).timestamp())
_SPAN = 200 * 86_400
_STANDARD = 60  # columns of prospects that Pardot sends
_CUSTOM = 80 - _STANDARD


def lists(rows: int) -> Iterator[dict[str, Any]]:
    """Yield rows of lists in the emulator's storage form.

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


def activities(rows: int) -> Iterator[dict[str, Any]]:
    """Yield rows of visitor activities: e-mails, pages and forms, three in five of them e-mails."""
    for number in range(1, rows + 1):
        at = _FIRST + number * _SPAN // (rows + 1)
        is_email = number % 5 < 3  # noqa: PLR2004
        yield {
            "id": 3_000_000_000 + number,
            "prospect_id": 65_000_000 + number % 40_000,
            "visitor_id": None if is_email else 231_000_000 + number % 90_000,
            "type": 11 if is_email else 2,
            "type_name": "Email" if is_email else "Form",
            "details": f"Summer, “sale” and more {number % 100}",
            "email_id": 5_000 + number % 500 if is_email else None,
            "list_email_id": 812_330_011 + number % 90 if is_email else None,
            "form_id": None if is_email else 700 + number % 60,
            "campaign_id": 12_000 + number % 30,
            "created_at": at - 1,
            "updated_at": at,
        }


def clicks(rows: int) -> Iterator[dict[str, Any]]:
    """Yield rows of clicks in e-mails."""
    for number in range(1, rows + 1):
        yield {
            "id": 800_000_000 + number,
            "prospect_id": 65_000_000 + number % 40_000,
            "url": f"https://www.example.com/offers/{number % 900}?source=newsletter",
            "list_email_id": 812_330_011 + number % 90 if number % 3 else None,
            "drip_program_action_id": None if number % 3 else 9_000 + number % 50,
            "email_template_id": 4_000 + number % 40,
            "tracker_redirect_id": 31_000 + number % 900,
            "created_at": _FIRST + number * _SPAN // (rows + 1),
        }


def visits(rows: int) -> Iterator[dict[str, Any]]:
    """Yield rows of visits, one in three of them with campaign parameters."""
    for number in range(1, rows + 1):
        at = _FIRST + number * _SPAN // (rows + 1)
        yield {
            "id": 55_000_000 + number,
            "visitor_id": 231_000_000 + number % 90_000,
            "prospect_id": 65_000_000 + number % 40_000 if number % 2 else None,
            "visitor_page_view_count": number % 12 + 1,
            "duration_in_seconds": number % 1_800,
            "campaign_parameter": None if number % 3 else "summer “sale”",
            "medium_parameter": None if number % 3 else "email",
            "source_parameter": None if number % 3 else "newsletter",
            "first_visitor_page_view_at": at - 1_800,
            "last_visitor_page_view_at": at - 60,
            "created_at": at - 1_800,
            "updated_at": at,
        }


def custom_fields() -> Iterator[dict[str, Any]]:
    """Yield custom fields of prospects, of the types that need the most work."""
    for number in range(_CUSTOM):
        kind = (1, 8, 12, 6)[number % 4]
        yield {"id": number + 1, "field_id": f"Field_{number}", "name": "A", "type_id": kind}


def prospects(rows: int) -> Iterator[dict[str, Any]]:
    """Yield prospects that have most of their fields filled in."""
    values = ["A text, such as people write", 12.5, "2024-02-29", ["Bananas", "Tea"]]
    own = {f"Field_{number}": values[number % 4] for number in range(_CUSTOM)}
    for number in range(1, rows + 1):
        at = _FIRST + number * _SPAN // (rows + 1)
        yield {
            "id": 65_000_000 + number,
            "campaign_id": 12_000 + number % 30,
            "first_name": "Zoë",
            "last_name": f"Example {number}",
            "email": f"person.{number}@example.com",
            "company": "Globex, Inc.",
            "prospect_account_id": 7_000_000 + number % 3_000,
            "website": "https://www.example.com/?a=1&b=2",
            "job_title": "Head of “everything”",
            "country": "United States",
            "address_one": f"{number % 999} Example Street",
            "city": "Boston",
            "state": "MA",
            "zip": "02190",
            "phone": "+1 555 555 5555",
            "score": number % 500,
            "grade": "B+",
            "last_activity_at": at,
            "crm_lead_fid": f"00Q{number:012}AAA",
            "crm_last_sync": at,
            "is_do_not_email": number % 9 == 0,
            "opted_out": number % 7 == 0,
            "is_reviewed": True,
            "first_activity_at": at - 86_400,
            "first_referrer_url": "https://www.example.com/search?q=a,b",
            "created_at": at - 86_400,
            "updated_at": at,
            "custom": own,
        }


KINDS: dict[str, tuple[str, Callable[[int], Iterator[dict[str, Any]]]]] = {
    "lists": ("list", lists),
    "activities": ("visitorActivity", activities),
    "clicks": ("emailClick", clicks),
    "prospects": ("prospect", prospects),
    "visits": ("visit", visits),
}


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int)
    parser.add_argument("kind", choices=KINDS, nargs="?", default="lists")
    options = parser.parse_args()
    name, make = KINDS[options.kind]
    with tempfile.TemporaryDirectory() as folder:
        # Rows are in a file and are made one by one: five million do not fit into memory.
        database = str(Path(folder) / "rows")
        with Emulator(timezone="America/New_York", export_seconds=0, database=database) as emulator:
            if options.kind == "prospects":
                emulator.add("customField", custom_fields())
            emulator.model.load((name, row) for row in make(options.rows))
            read_by_id(database, name)
            print(json.dumps({"url": emulator.url, "config": emulator.config}), flush=True)
            sys.stdin.read()


def read_by_id(database: str, name: str) -> None:
    """Remove the indexes on times: all rows are one window, which would be sorted for each page."""
    with closing(sqlite3.connect(database)) as connection:
        found = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql <> ''"
        for (index,) in connection.execute(found, (name,)).fetchall():
            connection.execute(f'DROP INDEX "{index}"')


if __name__ == "__main__":
    main()
