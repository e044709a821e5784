"""What tests of parents and children share: an account, runs that follow each other, a target."""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tests.helpers.catalog import select
from tests.helpers.exports import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pardot_emulator import Emulator
    from tests.helpers.runner import Runner
    from tests.helpers.tap import Finished

NOW = "2024-06-01T12:00:00+00:00"
START = "2024-05-01T00:00:00+00:00"
SENT, OPEN = 6, 11  # types of activities (reference E.1)
MAIL = ("email_stats", "email_templates", "emails")
KEYS = {
    "email_stats": ("list_email_id",),
    "opportunity_prospects": ("opportunity_id", "prospect_id"),
}
"""Keys by stream, where they are not ``id``."""
OBJECTS = {
    "visitor_activities": "visitorActivity",
    "email_clicks": "emailClick",
    "visitors": "visitor",
    "opportunities": "opportunity",
}


def merged(old: Any, new: Any) -> Any:
    """Return a STATE after another, merged deeply as Meltano does."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
    return copy.deepcopy(new)


class Account:
    """An account of parents' rows, and a target that keeps what runs bring.

    Attributes:
        emulator: The account; its clock stands.
        tables: Keys by stream, of all runs.
        state: What the target has of STATE.
    """

    def __init__(
        self,
        emulator: Emulator,
        tap: Runner,
    ) -> None:
        emulator.set(clock=NOW, export_seconds=0)
        self.emulator = emulator
        self.tables: dict[str, set[Any]] = defaultdict(set)
        self.state: Any = None
        self.settings: dict[str, Any] = {
            **QUICK,
            "start_date": START,
            "bulk_source": "query",
            "email_stats_days": 0,
        }
        self._tap = tap

    # --- rows ---

    def _add(self, stream: str, at: str, rows: Iterable[dict[str, Any]]) -> None:
        times = {"created_at": at} | ({} if stream == "email_clicks" else {"updated_at": at})
        self.emulator.add(OBJECTS[stream], [{**times, **row} for row in rows])

    def _next(self, stream: str) -> int:
        rows = self.emulator.rows(OBJECTS[stream])
        return 1 + max((row["id"] for row in rows), default=0)

    def opens(self, at: str, numbers: Iterable[int]) -> None:
        """Add activities, of list e-mails n which are the e-mails 5000 + n, by templates."""
        first = self._next("visitor_activities")
        acts = [
            {
                "id": first + position,
                "type": OPEN,
                "list_email_id": number,
                "email_id": 5000 + number,
                "email_template_id": 900 + number % 3,
            }
            for position, number in enumerate(numbers)
        ]
        self._add("visitor_activities", at, acts)
        mails = [{"id": act["email_id"], "list_email_id": act["list_email_id"]} for act in acts]
        self.emulator.add("email", mails)
        self.emulator.add("emailTemplate", [{"id": act["email_template_id"]} for act in acts])

    def clicks(self, at: str, numbers: Iterable[int]) -> None:
        """Add clicks, which name a list e-mail."""
        first = self._next("email_clicks")
        rows = [{"id": first + n, "list_email_id": number} for n, number in enumerate(numbers)]
        self._add("email_clicks", at, rows)

    def visitors(self, at: str, numbers: Iterable[int]) -> None:
        """Add visitors, or let them change, each with the visit 70000 + n and a page view."""
        ids = list(numbers)
        self._add("visitors", at, [{"id": number} for number in ids])
        view = {"url": "https://example.com/", "title": "A", "created_at": at}
        self.emulator.add(
            "visit",
            [
                {
                    "id": 70000 + number,
                    "visitor_id": number,
                    "visitor_page_views": [{"id": 90000 + number, **view}],
                }
                for number in ids
            ],
        )

    def opportunities(self, at: str, numbers: Iterable[int]) -> None:
        """Add opportunities n, each with the prospects n and n + 1."""
        self._add(
            "opportunities",
            at,
            [{"id": n, "prospects": [{"id": n}, {"id": n + 1}]} for n in numbers],
        )

    # --- runs ---

    def run(
        self,
        *streams: str,
        columns: dict[str, Iterable[str]] | None = None,
        state: Any = None,
        full: Iterable[str] = (),
        keep: bool = True,
        **settings: Any,
    ) -> Finished:
        """Run the tap for these streams; forgets the calls before it.

        Args:
            streams: Those selected.
            columns: By stream, the only columns selected besides the keys.
            state: STATE to go on from, unless it is the last run's.
            full: Streams to read FULL_TABLE.
            keep: Whether the target takes what comes.
            settings: Other settings than the usual ones.
        """
        catalog = select(*streams, columns=columns, methods=dict.fromkeys(full, "FULL_TABLE"))
        return self.invoke(catalog, self.state if state is None else state, keep=keep, **settings)

    def invoke(self, catalog: Any, state: Any, *, keep: bool = True, **settings: Any) -> Finished:
        """Run the tap; forgets the calls before it."""
        self.emulator.clear_calls()
        config = {**self.emulator.config, **self.settings, **settings}
        run = self._tap.run(config, state=state, catalog=catalog)
        if keep:
            self.take(run.messages)
        return run

    def take(self, messages: Iterable[dict[str, Any]]) -> None:
        """Let the target take messages."""
        for message in messages:
            if message["type"] == "RECORD":
                stream = message["stream"]
                key = [message["record"][name] for name in KEYS.get(stream, ("id",))]
                self.tables[stream].add(key[0] if len(key) == 1 else tuple(key))
            elif message["type"] == "STATE":
                self.state = merged(self.state, message["value"])

    # --- what came of them ---

    def bookmark(self, stream: str) -> dict[str, Any]:
        """Return a stream's part of STATE."""
        part: dict[str, Any] = (self.state or {}).get("bookmarks", {}).get(stream) or {}
        return part

    def asked(self, operation: str) -> list[int]:
        """Return the ids of e-mails that the last run asked for, smallest first."""
        paths = [
            each["path"].partition(f"/email/version/4/do/{operation}/id/")[2]
            for each in self.emulator.calls
        ]
        return sorted(int(number) for number in paths if number)

    def asked_visitors(self) -> list[int]:
        """Return the ids of visitors whose visits the last run asked for, smallest first."""
        calls = [each for each in self.emulator.calls if each["object"] == "visit"]
        return sorted(int(n) for each in calls for n in each["params"]["visitor_ids"].split(","))

    def calls_for(self, stream: str) -> list[dict[str, Any]]:
        """Return the last run's queries of a parent."""
        return [
            each
            for each in self.emulator.calls
            if each["object"] == OBJECTS[stream] and each["op"] == "query"
        ]


def streams_of(run: Finished) -> set[str]:
    """Return the streams of a run's SCHEMA and RECORD messages."""
    return {each["stream"] for each in run.messages if each["type"] in {"SCHEMA", "RECORD"}}


def cuts(run: Finished) -> list[int]:
    """Return after how many messages a STATE had come: where a kill is worst, records lost."""
    kinds = [each["type"] for each in run.messages]
    return [number for number, kind in enumerate(kinds, start=1) if kind == "STATE"]
