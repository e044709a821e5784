"""An account that is read by changing versions of the API, and a target that keeps what comes."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.helpers.catalog import select, select_5
from tests.helpers.exports import QUICK
from tests.helpers.fan_out import merged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pardot_emulator import Emulator
    from tests.helpers.runner import Runner
    from tests.helpers.tap import Finished

START = 1_717_243_200  # 2024-06-01T12:00:00+00:00
HOUR = 3600
CHILDREN = ("visits", "visitor_page_views", "emails", "email_templates")
"""Streams that versions 3 and 4 read through others and version 5 by themselves."""
OTHERS = ("lists", "visitor_activities", "visitors")
COLUMNS = {
    "visits": ("id", "visitor_id", "created_at", "updated_at", "medium_parameter"),
    "emails": ("id", "name", "subject", "list_email_id", "sent_at"),
    "email_templates": ("id", "name", "subject", "updated_at"),
    "prospects": ("id", "email", "is_deleted", "updated_at"),
}
"""What is selected of the streams that do not have the same columns in both versions."""


class World:
    """The account, its clock, and the target.

    Attributes:
        tables: Records by stream and key; the columns of a record overwrite those before it.
        state: What the target has of STATE.
    """

    def __init__(self, emulator: Emulator, tap: Runner, **settings: Any) -> None:
        self.emulator = emulator
        self.now = START
        self.tables: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        self.state: Any = None
        self.settings = {
            **QUICK,
            "start_date": "2024-05-01T00:00:00+00:00",
            "bulk_source": "query",
            "email_stats_days": 0,
            **settings,
        }
        self._tap = tap
        self._written = 0
        emulator.set(clock=iso(START), export_seconds=0)

    # --- rows ---

    def wait(self, seconds: int = HOUR) -> None:
        """Let time pass."""
        self.now += seconds
        self.emulator.set(clock=iso(self.now))

    def _times(self, age: int) -> dict[str, int]:
        return {"created_at": self.now - age, "updated_at": self.now - age}

    def visit(self, *numbers: int, age: int = 600) -> None:
        """Let visitors come, or come again: visit 1000 + n has a new page view."""
        for number in numbers:
            self._written += 1
            at = self.now - age
            text = f"v{self._written}"
            views = [
                each for row in self._rows("visit", 1000 + number) for each in row["views"]
            ] + [{"id": 50_000 + self._written, "url": text, "title": text, "created_at": at}]
            self.emulator.add("visitor", [{"id": number, **self._times(age)}])
            visit = {"id": 1000 + number, "visitor_id": number, "medium_parameter": text}
            visit["visitor_page_views"] = views
            self.emulator.add("visit", [{**visit, **self._times(age)}])

    def _rows(self, name: str, number: int) -> list[dict[str, Any]]:
        rows = [row for row in self.emulator.rows(name) if row["id"] == number]
        return [{**row, "views": row.get("visitor_page_views") or []} for row in rows]

    def mail(self, *numbers: int, age: int = 600) -> None:
        """Send e-mails n, of list e-mails n + 100: activities name them, and their templates."""
        for number in numbers:
            self._written += 1
            name = {"name": f"E-mail {number}", "subject": f"v{self._written}"}
            name["list_email_id"] = 100 + number % 9
            at = self.now - age
            self.emulator.add("email", [{"id": number, **name, "created_at": at, "sent_at": at}])
            activity = {"type": 6, "email_id": number, "list_email_id": 100 + number % 9}
            activity["email_template_id"] = 300 + number % 3
            self.emulator.add(
                "visitorActivity", [{"id": self._written, **activity, **self._times(age)}]
            )
            self.template(300 + number % 3, age=age, name="of an activity")

    def template(self, *numbers: int, age: int = 600, name: str = "") -> None:
        """Write templates, or change them; they are for one-to-one e-mails."""
        for number in numbers:
            self._written += 1
            row = {"id": number, "isOneToOneEmail": True, "name": name or f"v{self._written}"}
            self.emulator.add("emailTemplate", [{**row, **self._times(age)}])

    def list(self, *numbers: int, age: int = 600) -> None:
        """Write lists, or change them."""
        for number in numbers:
            self._written += 1
            row = {"id": number, "name": f"v{self._written}"}
            self.emulator.add("list", [{**row, **self._times(age)}])

    # --- runs ---

    def run(
        self,
        version: int,
        *streams: str,
        cut: int | None = None,
        keep: bool = True,
        **settings: Any,
    ) -> Finished:
        """Run the tap; forgets the calls before it.

        Args:
            version: The setting ``api_version``.
            streams: The streams that the catalog of this version selects.
            cut: How many messages the target has got when the run was killed; None for all.
            keep: Whether the target takes what comes.
            settings: Further settings.
        """
        self.emulator.clear_calls()
        made = select_5 if version == 5 else select
        config = {**self.emulator.config, **self.settings, "api_version": version, **settings}
        catalog = made(*streams, columns=COLUMNS)
        run = self._tap.run(config, state=self.state, catalog=catalog)
        if keep:
            self.take(run.messages[:cut])
        return run

    def take(self, messages: Iterable[dict[str, Any]]) -> None:
        """Let the target take messages."""
        for message in messages:
            if message["type"] == "RECORD":
                record = message["record"]
                key = record.get("id") or record["list_email_id"]
                table = self.tables[message["stream"]]
                table[key] = {**table.get(key, {}), **record}
            elif message["type"] == "STATE":
                self.state = merged(self.state, message["value"])

    def part(self, stream: str) -> dict[str, Any]:
        """Return a stream's part of STATE."""
        part: dict[str, Any] = (self.state or {}).get("bookmarks", {}).get(stream) or {}
        return part

    def calls(self, version: int, name: str, op: str = "query") -> list[dict[str, Any]]:
        """Return the parameters of the last run's calls."""
        return [
            each["params"]
            for each in self.emulator.calls
            if (each["version"], each["object"], each["op"]) == (version, name, op)
        ]

    # --- what should have come ---

    def missing(self, *streams: str) -> dict[str, dict[int, Any]]:
        """Return what the target does not hold as it is in the account, by stream and id."""
        found: dict[str, dict[int, Any]] = {}
        for stream in streams:
            for number, row in self._truth(stream).items():
                here = self.tables[stream].get(number)
                if here is None or any(here.get(name) != value for name, value in row.items()):
                    found.setdefault(stream, {})[number] = (row, here)
        return found

    def _truth(self, stream: str) -> dict[int, dict[str, Any]]:  # noqa: PLR0911
        rows = self.emulator.rows
        match stream:
            case "visits":
                names = ("medium_parameter", "visitor_id")
                return {row["id"]: {name: row[name] for name in names} for row in rows("visit")}
            case "visitor_page_views":
                return {each["id"]: {"url": each["url"]} for each in self.emulator.page_views()}
            case "emails":
                names = ("subject", "list_email_id")
                return {row["id"]: {name: row[name] for name in names} for row in rows("email")}
            case "email_templates":
                return {row["id"]: {"name": row["name"]} for row in rows("emailTemplate")}
            case "lists":
                return {row["id"]: {"name": row["name"]} for row in rows("list")}
            case "email_stats":
                return {row["list_email_id"]: {} for row in rows("visitorActivity")}
            case "visitors":
                return {row["id"]: {} for row in rows("visitor")}
        return {row["id"]: {} for row in rows("visitorActivity")}


def iso(seconds: float) -> str:
    """Return an instant as STATE writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
