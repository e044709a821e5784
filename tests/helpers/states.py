"""STATEs that earlier code left behind, and the account they were made of.

``python -m tests.helpers.states FILE [VERSION]`` makes one with today's code: a run that was killed
in the window of a query, with export jobs waiting and ids pending. Later code must take it up
without loss and without a full reload.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from pardot_emulator import Emulator
from tests.helpers.api import log_in
from tests.helpers.catalog import select

if TYPE_CHECKING:
    from collections.abc import Iterable

BUSINESS_UNIT = "0UvSANDBOX00000001"
"""The business unit that the stored STATEs belong to."""

FOLDER = Path(__file__).parents[1] / "helpers" / "states"
CLOCK = "2024-06-01T12:00:00+00:00"
SETTINGS = {"start_date": "2024-05-01T00:00:00Z", "export_poll_interval": 1}
EARLY, LATE = "2024-05-10T10:00:00+00:00", "2024-05-20T10:00:00+00:00"
STREAMS = (
    *("campaigns", "email_clicks", "lists", "opportunities", "prospects", "list_memberships"),
    *("visitor_activities", "visitors", "emails", "email_stats", "opportunity_prospects", "visits"),
)
STREAMS_5 = (*STREAMS, "external_activities", "list_emails", "prospect_accounts")
"""The streams of a run under ``api_version`` 5. Those that only others need are read by queries, so
two streams are added that are exported in any case."""
OBJECTS = {
    "lists": "list",
    "email_clicks": "emailClick",
    "prospects": "prospect",
    "list_memberships": "listMembership",
    "visitor_activities": "visitorActivity",
    "visitors": "visitor",
}
"""Objects of the streams whose rows are compared with what arrived."""


def account() -> Emulator:
    """Return the account, not started; the same rows and numbers of jobs each time."""
    emulator = Emulator(
        timezone="America/New_York",
        clock=CLOCK,
        export_seconds=3600.0,
        business_unit_id=BUSINESS_UNIT,
    )

    def times(moment: str) -> dict[str, str]:
        return {"created_at": moment, "updated_at": moment}

    emulator.add("campaign", [{"id": n, "name": f"c{n}"} for n in range(1, 4)])
    # More than two pages in one second: the killed run had one of them.
    emulator.add("list", [{"id": n, **times(EARLY)} for n in range(1, 451)])
    emulator.add("prospect", [{"id": n, "deleted": n == 3, **times(LATE)} for n in range(1, 9)])
    emulator.add("listMembership", [{"id": n, **times(LATE)} for n in range(1, 9)])
    emulator.add(
        "emailClick", [{"id": n, "list_email_id": 40 + n, "created_at": EARLY} for n in range(1, 6)]
    )
    sent = {"isSent": True, "sentAt": EARLY, "createdAt": EARLY, "updatedAt": EARLY}
    emulator.add("listEmail", [{"id": 40 + n, **sent} for n in range(1, 6)])
    emulator.add("email", [{"id": 500 + n, "name": f"e{n}", "created_at": EARLY} for n in range(9)])
    activities = [
        {"id": n, "type": 11, "email_id": 500 + n, "list_email_id": 40 + n, **times(LATE)}
        for n in range(1, 9)
    ]
    emulator.add("visitorActivity", activities)
    emulator.add("visitor", [{"id": n, **times(EARLY)} for n in range(1, 6)])
    emulator.add("visit", [{"id": 70 + n, "visitor_id": n, **times(EARLY)} for n in range(1, 6)])
    emulator.add(
        "opportunity",
        [{"id": n, "prospects": [{"id": n}, {"id": n + 1}], **times(EARLY)} for n in range(1, 4)],
    )
    return emulator


def run(
    emulator: Emulator, state: Any = None, version: int = 4, made_by: int = 4
) -> list[dict[str, Any]]:
    """Run the tap as a command; return its messages.

    Args:
        emulator: The account.
        state: The STATE to start from.
        version: The setting ``api_version``.
        made_by: That of the catalog, which selects more streams under 5.

    Raises:
        subprocess.CalledProcessError: It ended with another code than 0.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = {**emulator.config, **SETTINGS, "api_version": version}
        names = STREAMS if made_by == 4 else STREAMS_5
        # The catalogs of then selected it under versions 3 and 4.
        include = ["prospects.password"] if made_by == 4 else []
        catalog = select(*names, version=made_by, include=include)
        files = {"config": config, "catalog": catalog}
        if state is not None:
            files["state"] = state
        command = [sys.executable, "-m", "tap_pardot"]
        for name, content in files.items():
            path = Path(folder, name)
            path.write_text(json.dumps(content))
            command += [f"--{name}", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def order(emulator: Emulator, orders: Iterable[dict[str, Any]]) -> None:
    """Create the jobs of a killed run, which get their numbers again."""
    headers = log_in(emulator)
    for each in orders:
        url = f"{emulator.url}/api/export/version/4/do/create?format=json"
        requests.post(url, json=each, headers=headers, timeout=10).raise_for_status()


def ids(messages: Iterable[dict[str, Any]]) -> dict[str, list[int]]:
    """Return the ids that came, by stream of :data:`OBJECTS`."""
    found: dict[str, list[int]] = {name: [] for name in OBJECTS}
    for message in messages:
        if message["type"] == "RECORD" and message["stream"] in found:
            found[message["stream"]].append(message["record"]["id"])
    return found


def killed(version: int) -> dict[str, Any]:
    """Run with today's code until the first page of lists is out; return what is left of it."""
    with account() as emulator:
        # So that the run ends; the cut is far before that.
        emulator.set(export_seconds=0.0, v5_max_limit=200, over_limit="clamp")
        messages = run(emulator, version=version, made_by=version)
    place = next(
        number
        for number, message in enumerate(messages)
        if message["type"] == "STATE"
        and (message["value"].get("bookmarks", {}).get("lists") or {}).get("cursor") == 200
    )
    state = messages[place]["value"]
    jobs = sum(len(part.get("jobs") or []) for part in state["bookmarks"].values())
    orders = [
        {
            "object": job["object"],
            "fields": job["fields"],
            "procedure": {"name": job["procedure"], "arguments": job["arguments"]},
        }
        for job in emulator.exports[:jobs]
    ]
    return {"state": state, "orders": orders, "arrived": ids(messages[: place + 1])}


if __name__ == "__main__":
    made = killed(int(sys.argv[2]) if sys.argv[2:] else 4)
    Path(sys.argv[1]).write_text(json.dumps(made, indent=1) + "\n")
