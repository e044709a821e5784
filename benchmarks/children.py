"""API calls of the streams that exist only through others, beside what they may cost at most.

    python benchmarks/children.py [--activities 1000] [--emails 40] [--visitors 1000]

Calls for e-mails, their figures, templates and visits, in a first run and in a second one with
nothing new; all e-mails were sent longer ago than `email_stats_days`. Exit code 1 if a bound is
broken, or if not every e-mail, template, visit and page view came.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from pardot_emulator import Emulator

STREAMS = (
    *("visitor_activities", "email_clicks", "emails", "email_stats", "email_templates"),
    *("visitors", "visits", "visitor_page_views"),
)
NOW = "2024-08-01T12:00:00+00:00"
_FIRST = int(datetime(2024, 3, 15, tzinfo=UTC).timestamp())
_SPAN = 60 * 86_400
_SENT, _OPEN, _FORM = 6, 11, 4  # types of activities (reference E.1)
_TEMPLATES = 10
_BUSY = 450  # visits of one visitor, more than two pages
_PAGE = 200


class Size(NamedTuple):
    """How big the account is."""

    activities: int
    emails: int
    visitors: int


class Run(NamedTuple):
    """What a run cost and brought."""

    calls: Counter[str]
    ids: dict[str, set[int]]
    state: Any


def main() -> None:
    """Run twice, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--activities", type=int, default=1000)
    parser.add_argument("--emails", type=int, default=40, help="that the activities name")
    parser.add_argument("--visitors", type=int, default=1000)
    size = Size(**vars(parser.parse_args()))
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator(timezone="America/New_York", clock=NOW) as emulator,
    ):
        fill(emulator, size)
        first = run(emulator, Path(folder), None)
        emulator.forward(3600)
        second = run(emulator, Path(folder), first.state)
        visits, views = emulator.count("visit"), len(emulator.page_views())
    print(f"{'calls':26} {'first run':>9} {'':14}{'second run':>10}")
    verdicts = [
        show(name, first.calls[name], most, second.calls[name], again)
        for name, (most, again) in bounds(size, visits).items()
    ]
    totals = [each.calls.total() for each in (first, second)]
    print(f"{'all, with their parents':26} {totals[0]:>9,} {'':14}{totals[1]:>10,}")
    expected = {
        "emails": size.emails,
        "email_stats": size.emails,
        "email_templates": _TEMPLATES,
        "visits": visits,
        "visitor_page_views": views,
    }
    came = {name: len(first.ids.get(name, ())) for name in expected}
    print(", ".join(f"{came[name]:,} of {number:,} {name}" for name, number in expected.items()))
    if came != expected or not all(verdicts):
        sys.exit(1)


def bounds(size: Size, visits: int) -> dict[str, tuple[int, int]]:
    """Return by operation the most calls of the first and of the second run (issue 5, Cost).

    The list of one-to-one templates has no filter: one call a run tells what is new in it.
    """
    return {
        "email read": (size.emails, 0),
        "email stats": (size.emails, 0),
        "emailTemplate read": (_TEMPLATES, 0),
        "emailTemplate listOneToOne": (1, 1),
        "visit query": (ceil(size.visitors / _PAGE) + ceil(visits / _PAGE), 0),
    }


def show(name: str, first: int, most: int, second: int, most_again: int) -> bool:
    """Print one operation; say whether both runs keep to their bound."""
    good = first <= most and second <= most_again
    print(
        f"{name:26} {first:>9,} {f'(most {most:,})':14}{second:>10,} {f'(most {most_again:,})':10}"
        f" {'good' if good else 'TOO MANY'}"
    )
    return good


def fill(emulator: Emulator, size: Size) -> None:
    """Add e-mails that activities and clicks name, and visitors with their visits."""
    emulator.add(
        "email",
        (
            {"id": 5_000 + n, "list_email_id": 900_000 + n, "name": f"Mail {n}"}
            for n in range(size.emails)
        ),
    )
    emulator.add(
        "emailTemplate",
        (
            {"id": 300 + n, "name": f"Template {n}", "isOneToOneEmail": n % 2}
            for n in range(_TEMPLATES)
        ),
    )
    emulator.add("visitorActivity", (activity(n, size) for n in range(size.activities)))
    emulator.add("emailClick", (click(n, size) for n in range(size.activities // 5)))
    emulator.add(
        "visitor",
        ({"id": 231_000_000 + n, **times(n, size.visitors)} for n in range(size.visitors)),
    )
    # Half of the visitors have one visit each, the first has many.
    owners = [*range(0, size.visitors, 2), *[0] * _BUSY]
    emulator.add("visit", (visit(n, owner, len(owners)) for n, owner in enumerate(owners)))


def times(number: int, count: int) -> dict[str, int]:
    """Return when a row was made and changed: spread evenly."""
    at = _FIRST + number * _SPAN // count
    return {"created_at": at, "updated_at": at}


def activity(number: int, size: Size) -> dict[str, Any]:
    """Return an activity; each e-mail is sent, then opened many times."""
    common = {
        "id": 3_000_000_000 + number,
        "prospect_id": 65_000_000 + number % 500,
        **times(number, size.activities),
    }
    # Every tenth is of a form, once each e-mail was named.
    if number % 10 == 9 and number >= size.emails:  # noqa: PLR2004
        return {**common, "type": _FORM, "type_name": "Form", "form_id": 7}
    mail = number % size.emails
    return {
        **common,
        "type": _SENT if number < size.emails else _OPEN,
        "type_name": "Email",
        "email_id": 5_000 + mail,
        "list_email_id": 900_000 + mail,
        "email_template_id": 300 + mail % _TEMPLATES,
    }


def click(number: int, size: Size) -> dict[str, Any]:
    """Return a click, which names the list e-mail but not the e-mail."""
    return {
        "id": 70_000 + number,
        "prospect_id": 65_000_000 + number % 500,
        "list_email_id": 900_000 + number % size.emails,
        "created_at": times(number, max(1, size.activities // 5))["created_at"],
    }


def visit(number: int, owner: int, count: int) -> dict[str, Any]:
    """Return a visit of none to three pages."""
    at = times(number, count)
    views = [
        {"id": 8_000_000 + 10 * number + page, "title": "A page", "created_at": at["created_at"]}
        for page in range(number % 4)
    ]
    return {
        "id": 600_000 + number,
        "visitor_id": 231_000_000 + owner,
        "visitor_page_views": views,
        **at,
    }


def run(emulator: Emulator, folder: Path, state: Any) -> Run:
    """Run the tap on the streams and their parents."""
    config = {**emulator.config, "start_date": "2024-03-01T00:00:00Z", "bulk_source": "query"}
    command = [sys.executable, "-m", "tap_pardot"]
    found = subprocess.run([*command, "--discover"], capture_output=True, text=True, check=True)
    catalog = json.loads(found.stdout)
    for entry in catalog["streams"]:
        root = next(each for each in entry["metadata"] if not each["breadcrumb"])
        root["metadata"]["selected"] = entry["tap_stream_id"] in STREAMS
    for name, content in (("config", config), ("catalog", catalog), ("state", state)):
        if content is not None:
            (folder / f"{name}.json").write_text(json.dumps(content))
            command += [f"--{name}", str(folder / f"{name}.json")]
    emulator.clear_calls()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    result = Run(Counter(f"{call['object']} {call['op']}" for call in emulator.calls), {}, None)
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            record = message["record"]
            key = record["list_email_id" if message["stream"] == "email_stats" else "id"]
            result.ids.setdefault(message["stream"], set()).add(key)
        elif message["type"] == "STATE":
            result = result._replace(state=message["value"])
    return result


if __name__ == "__main__":
    main()
