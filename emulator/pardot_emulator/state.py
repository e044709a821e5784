"""Everything one emulator holds: rows, switches, tokens, faults, the log of calls."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pardot_emulator import emails, sending
from pardot_emulator.exports import COMPLETE, Exports
from pardot_emulator.faults import Faults
from pardot_emulator.model import Model
from pardot_emulator.oauth import OAuthSettings, TokenIssuer
from pardot_emulator.seed import seed_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pardot_emulator.settings import Settings

Record = dict[str, Any]


class State:
    """One account.

    ``lock`` guards all of it: the server's thread and a test's thread both come in.
    """

    def __init__(
        self,
        settings: Settings,
        oauth: OAuthSettings | None = None,
        *,
        database: str = ":memory:",
    ) -> None:
        self.lock = threading.RLock()
        self.settings = settings
        self.model = Model(database)
        self.exports = Exports(self.model, settings)
        self.model.before_change = self.exports.advance
        self.issuer = TokenIssuer(oauth)
        self.faults = Faults()
        self.calls: list[Record] = []
        self.logins: list[Record] = []
        self.outbox: list[Record] = []
        self.in_flight = 0
        self._day: int | None = None
        self._calls_today = 0

    def seed(
        self,
        *,
        seed: int,
        rows: int,
        objects: Collection[str] | None = None,
        custom_fields: int | None = None,
    ) -> None:
        """Fill the tables from a seed; with 0 rows only the account record is made.

        Args:
            seed: Chooses the values.
            rows: Rows of each big object.
            objects: Only these; the account always.
            custom_fields: Number of custom fields of prospects.
        """
        wanted = None if objects is None else {"account", *objects}
        with self.lock:
            self.model.load(
                seed_rows(
                    seed=seed,
                    rows=rows,
                    timezone=self.settings.timezone,
                    now=self.settings.now(),
                    objects=wanted,
                    custom_fields=custom_fields,
                )
            )

    def reset(
        self,
        *,
        seed: int = 1,
        rows: int = 0,
        objects: Collection[str] | None = None,
        custom_fields: int | None = None,
    ) -> None:
        """Start over: rows of the seed, no faults, no calls, no mail; switches stay."""
        with self.lock:
            self.exports.clear()
            self.model.clear()
            self.faults.clear()
            self.clear_calls()
            self.outbox.clear()
            self._calls_today = 0
            self.seed(seed=seed, rows=rows, objects=objects, custom_fields=custom_fields)

    def clear_calls(self) -> None:
        """Forget the log of calls and logins; the daily count goes on."""
        with self.lock:
            self.calls.clear()
            self.logins.clear()

    def open_call(self, method: str, path: str) -> Record:
        """Start the record of an API call, in the log from now on so that hung calls show."""
        record: Record = {
            "n": len(self.calls) + 1,
            "at": time.time(),
            "seconds": None,
            "method": method,
            "path": path,
            "object": None,
            "op": None,
            "id": None,
            "params": {},
            "status": None,
            "code": None,
            "rows": None,
            "in_flight": self.in_flight,
            "headers_ok": False,
            "unknown": False,
        }
        self.calls.append(record)
        return record

    def over_daily_limit(self) -> bool:
        """Count a call; say whether it is past the day's limit.

        The count starts again at midnight of the account's zone (reference A.10). Refused calls
        are not counted on top [?].
        """
        now = self.settings.now()
        today = self.settings.account_wall.midnight(now)
        if today != self._day:
            self._day, self._calls_today = today, 0
        limit = self.settings.daily_limit
        if limit is not None and self._calls_today >= limit:
            return True
        self._calls_today += 1
        return False

    def add_fault(self, options: Mapping[str, Any]) -> int:
        """Add a fault; return its id.

        Raises:
            KeyError, ValueError: An option that no fault has, or a ``change`` that could not be
                applied: told now, because later it would look like an answer of Pardot.
        """
        with self.lock:
            change = options.get("change") or {}
            for name, rows in change.get("upsert", {}).items():
                self.model.check(name, rows)
            for name, updates in change.get("update", {}).items():
                self.model.check(name, [update["fields"] for update in _listed(updates)])
            for name in change.get("delete", {}):
                self.model.check(name, [])
            return self.faults.add(options)

    def change(self, change: Mapping[str, Any]) -> None:
        """Apply the ``change`` of a fault; see `faults.Fault`.

        Raises:
            KeyError, ValueError: It names what does not exist.
        """
        with self.lock:
            for name, rows in change.get("upsert", {}).items():
                self.model.add(name, rows)
            for name, updates in change.get("update", {}).items():
                for update in _listed(updates):
                    self.model.update(name, update["ids"], update["fields"])
            for name, ids in change.get("delete", {}).items():
                self.model.delete(name, ids)
            if change.get("settings"):
                self.settings.change(change["settings"])
            if change.get("expire_tokens"):
                self.issuer.expire_now()
            if change.get("export"):
                self.set_export(**change["export"])

    def forward(self, seconds: float) -> None:
        """Move the clock ahead, that of a fixed instant too.

        Raises:
            ValueError: It would go back.
        """
        if seconds < 0:
            raise ValueError("the clock goes forward only")
        with self.lock:
            self.exports.advance()
            clock = self.settings.clock
            if isinstance(clock, str):
                at = datetime.fromtimestamp(self.settings.now() + seconds, UTC)
                self.settings.change({"clock": at.isoformat()})
            else:
                self.settings.change({"clock": clock + seconds})
            self.exports.advance()
            sending.deliver_due(self)

    def counts(self) -> Record:
        """Return the number of rows of every object, scheduled e-mail that is due included."""
        with self.lock:
            sending.deliver_due(self)
            return dict(self.model.counts())

    def count(self, name: str) -> int:
        """Return the number of rows of an object; as `counts`."""
        with self.lock:
            sending.deliver_due(self)
            return int(self.model.count(name))

    def rows(self, name: str) -> list[Record]:
        """Return the stored rows of an object, by id; as `counts`."""
        with self.lock:
            sending.deliver_due(self)
            return list(self.model.rows(name))

    def mail(self) -> list[Record]:
        """Return the outbox, oldest first; ``delivered`` counts whom each entry went to."""
        with self.lock:
            sending.deliver_due(self)
            return list(self.outbox)

    def page_views(self) -> list[Record]:
        """Return the page views of all visits, each with ``visit_id`` and ``visitor_id``.

        They have no object of their own (reference A.2): a reading of all visits holds them all.
        """
        return [
            {**view, "visit_id": visit["id"], "visitor_id": visit["visitor_id"]}
            for visit in self.rows("visit")
            for view in visit["visitor_page_views"] or ()
        ]

    def stats(self, list_email_id: int) -> Record:
        """Return the figures of a list e-mail as ``stats`` would send them now.

        Raises:
            KeyError: Nobody knows this list e-mail.
        """
        with self.lock:
            sending.deliver_due(self)
            figures = emails.stats(self.model, self.settings, list_email_id)
        if figures is None:
            raise KeyError(list_email_id)
        return figures

    def set_export(
        self,
        id: int | None = None,  # noqa: A002 -- as in the API
        *,
        state: str | None = None,
        expired: bool = False,
    ) -> None:
        """Put export jobs into a state, or let their files vanish.

        Args:
            id: The job; None: all that fit, which is the unfinished ones for a state and the
                complete ones for expiry.
            state: A state of D.5, or any other text.
            expired: Expire them.
        """
        with self.lock:
            self.exports.advance()
            for job in list(self.exports):
                fits = job.state == COMPLETE if expired else job.is_open
                if not (fits if id is None else job.id == id):
                    continue
                if state is not None:
                    self.exports.force(job, state)
                if expired:
                    self.exports.expire(job)


def _listed(updates: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> list[Any]:
    return [updates] if hasattr(updates, "keys") else list(updates)
