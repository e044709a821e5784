"""Everything one emulated account holds, and every operation that tests and demos use on it.

`emulator.Emulator` serves an account from within a test; `control` offers the same operations
over HTTP.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pardot_emulator import emails
from pardot_emulator.dates import DAY
from pardot_emulator.exports import COMPLETE, Exports
from pardot_emulator.faults import Faults
from pardot_emulator.model import Model
from pardot_emulator.oauth import OAuthSettings, TokenIssuer
from pardot_emulator.options import check
from pardot_emulator.seed import seed_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pardot_emulator.settings import Settings

Record = dict[str, Any]


class Account:
    """One account: rows, switches, tokens, faults, export jobs, logs of calls.

    Rows are in storage form: keyed by the API's field names, times as epoch seconds or ISO 8601
    strings (without an offset: UTC). Keys with a meaning of their own:

    * ``_wire``: {"set": {key: value}, "drop": [key]} changes a row in answers only, for values
      that the reference does not list.
    * ``custom`` of prospects and prospect accounts: {field id: value or list of values}. A field
      exists if ``customField`` or ``prospectAccountField`` has a row for it.
    * ``deleted`` of prospects, prospect accounts, visitors, list memberships: the row is in the
      recycle bin. ``identified`` of a visitor: whether Pardot identified it.
    * ``list_email_id`` of an ``email``: the id by which activities and clicks are counted. A row
      of ``emailStats`` with this id replaces figures that are counted otherwise.
    * ``visitor_page_views`` of a ``visit``: a list of {id, url, title, created_at}.

    ``lock`` guards everything: the server's thread and the test's thread both use the account.
    """

    def __init__(
        self, settings: Settings, oauth: OAuthSettings | None = None, database: str = ":memory:"
    ) -> None:
        self.lock = threading.RLock()
        self.settings: Settings = settings
        self.model = Model(database)
        self.jobs = Exports(self.model, settings)
        self.model.before_change = self.jobs.advance
        self._keep_past()
        self.issuer = TokenIssuer(oauth)
        self.waiting_faults = Faults()
        self.call_log: list[Record] = []
        self.login_log: list[Record] = []
        self.sent: list[Record] = []
        self.in_flight = 0
        self._day: int | None = None
        self._calls_today = 0

    # Rows

    def add(self, name: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Insert rows of an object, replacing those with the same id; return how many.

        Raises:
            KeyError: An unknown object.
            ValueError: An unknown field, or a time that is none.
        """
        with self.lock:
            return self.model.add(name, rows)

    def update(self, name: str, ids: int | Iterable[int], /, **changes: Any) -> int:
        """Set fields of rows; return how many rows. ``updated_at`` changes only when given."""
        with self.lock:
            return self.model.update(name, _listed(ids), changes)

    def delete(self, name: str, ids: int | Iterable[int]) -> int:
        """Remove rows by id; return how many."""
        with self.lock:
            return self.model.delete(name, _listed(ids))

    def clear(self, name: str | None = None) -> int:
        """Remove all rows of one object, or of all; return how many."""
        with self.lock:
            return self.model.clear(name)

    def rows(self, name: str) -> list[Record]:
        """Return the stored rows of an object, by id."""
        with self._up_to_date():
            return list(self.model.rows(name))

    def count(self, name: str) -> int:
        """Return the number of rows of an object."""
        with self._up_to_date():
            return self.model.count(name)

    def counts(self) -> dict[str, int]:
        """Return the number of rows of every object."""
        with self._up_to_date():
            return self.model.counts()

    def page_views(self) -> list[Record]:
        """Return the page views of all visits, each with ``visit_id`` and ``visitor_id``."""
        return [
            {**view, "visit_id": visit["id"], "visitor_id": visit["visitor_id"]}
            for visit in self.rows("visit")
            for view in visit["visitor_page_views"] or ()
        ]

    def stats(self, list_email_id: int) -> Record:
        """Return the figures of a list e-mail as the API would send them; no call is logged.

        Raises:
            KeyError: No row names this list e-mail.
        """
        with self._up_to_date():
            figures = emails.stats(self.model, self.settings, list_email_id)
        if figures is None:
            raise KeyError(list_email_id)
        return figures

    def seed(
        self,
        *,
        seed: int = 1,
        rows: int = 0,
        objects: Collection[str] | None = None,
        custom_fields: int | None = None,
    ) -> None:
        """Add seeded rows; see `seed.seed_rows`. The ``account`` row is always made."""
        with self.lock:
            # Seeded rows are old.
            self.model.past_clock = lambda: None
            self.model.load(
                seed_rows(
                    seed=seed,
                    rows=rows,
                    timezone=self.settings.timezone,
                    now=self.settings.now(),
                    objects=None if objects is None else {"account", *objects},
                    custom_fields=custom_fields,
                )
            )
            self._keep_past()

    def reset(self, **seed: Any) -> None:
        """Start over with rows of `seed`; without faults, calls, jobs, e-mail. Switches stay."""
        with self.lock:
            self.jobs.clear()
            self.model.clear()
            self.waiting_faults.clear()
            self.clear_calls()
            self.sent.clear()
            self._calls_today = 0
            self.seed(**seed)

    def _keep_past(self) -> None:
        """Keep what rows were before they change from now on, while version 5 has a cache."""
        settings = self.settings
        self.model.past_clock = lambda: settings.now() if settings.v5_cache_lag else None

    # Switches and the clock

    @property
    def oauth(self) -> OAuthSettings:
        """The connected app; attributes may be set while it runs."""
        return self.issuer.settings

    def set(self, *, oauth: Mapping[str, Any] | None = None, **changes: Any) -> None:
        """Change switches of `settings.Settings`; ``oauth`` changes those of the connected app.

        Raises:
            ValueError: An unknown switch, or a value it does not take.
        """
        with self.lock:
            app = dict(oauth or {})
            check(OAuthSettings, app)
            self.settings.change(changes)
            for name, value in app.items():
                setattr(self.oauth, name, value)

    def expire_tokens(self) -> int:
        """End every access token; return how many."""
        with self.lock:
            return self.issuer.expire_now()

    def forward(self, seconds: float = 0, *, days: float = 0) -> int:
        """Move the clock ahead, a fixed one too; return the new time.

        Raises:
            ValueError: The clock would go back.
        """
        seconds += days * DAY
        if seconds < 0:
            raise ValueError("the clock goes forward only")
        with self._up_to_date():
            clock: Any = self.settings.clock
            if isinstance(clock, str):
                clock = datetime.fromtimestamp(self.settings.now() + seconds, UTC).isoformat()
            else:
                clock += seconds
            self.settings.change({"clock": clock})
        with self._up_to_date():
            return self.settings.now()

    # Faults

    def fault(self, **options: Any) -> int:
        """Add a fault; see `faults.Fault` for its options. Return its id.

        Raises:
            KeyError, ValueError: An unknown option, or a ``change`` that cannot be applied. It is
                reported now, because later it would look like an answer of Pardot.
        """
        with self.lock:
            change = dict(options.get("change") or {})
            for name, rows in change.get("upsert", {}).items():
                self.model.check(name, rows)
            for name, updates in change.get("update", {}).items():
                self.model.check(name, [update["fields"] for update in _listed(updates)])
            for name in change.get("delete", {}):
                self.model.check(name, [])
            return self.waiting_faults.add(options)

    @property
    def faults(self) -> list[Record]:
        """The faults, each with the number of calls it has ``seen`` and has ``fired`` on."""
        with self.lock:
            return self.waiting_faults.as_list()

    def clear_faults(self) -> None:
        """Remove all faults."""
        with self.lock:
            self.waiting_faults.clear()

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

    # Calls

    @property
    def calls(self) -> list[Record]:
        """Records of the API calls, oldest first; no logins, no control calls."""
        with self.lock:
            return list(self.call_log)

    @property
    def unknown_calls(self) -> list[Record]:
        """Calls for something that does not exist: a test should end with none."""
        return [call for call in self.calls if call["unknown"]]

    @property
    def logins(self) -> list[Record]:
        """Records of the calls of the token endpoint, oldest first."""
        with self.lock:
            return list(self.login_log)

    def clear_calls(self) -> None:
        """Empty the logs of calls and logins; the count for the daily limit goes on."""
        with self.lock:
            self.call_log.clear()
            self.login_log.clear()

    def open_call(self, method: str, path: str) -> Record:
        """Start the record of an API call. It is logged at once, so that hung calls show."""
        record: Record = {
            "n": len(self.call_log) + 1,
            "at": time.time(),
            "method": method,
            "path": path,
            "params": {},
            **dict.fromkeys(("version", "object", "op", "id", "status", "code", "rows", "seconds")),
            "in_flight": self.in_flight,
            "headers_ok": False,
            "unknown": False,
        }
        self.call_log.append(record)
        return record

    @property
    def calls_today(self) -> int:
        """The calls that counted since the account's last midnight."""
        today = self.settings.account_wall.midnight(self.settings.now())
        return self._calls_today if today == self._day else 0

    def over_daily_limit(self) -> bool:
        """Count a call; return whether it is past the day's limit.

        The count starts again at midnight of the account's zone (A.10). Refused calls do not
        count [?].
        """
        today = self.settings.account_wall.midnight(self.settings.now())
        if today != self._day:
            self._day, self._calls_today = today, 0
        limit = self.settings.daily_limit
        if limit is not None and self._calls_today >= limit:
            return True
        self._calls_today += 1
        return False

    # Export jobs and sent e-mail

    @property
    def exports(self) -> list[Record]:
        """The jobs created through the API, oldest first; see `exports.Job.as_dict`."""
        with self._up_to_date():
            return [job.as_dict() for job in self.jobs]

    def set_export(
        self,
        id: int | None = None,  # noqa: A002 -- as in the API
        *,
        state: str | None = None,
        expired: bool = False,
    ) -> None:
        """Put export jobs into a state, or expire their files.

        Args:
            id: The job. None: all unfinished jobs, or with ``expired`` all complete ones.
            state: A state of D.5, or any other string.
            expired: Expire the files.
        """
        with self._up_to_date():
            for job in list(self.jobs):
                fits = job.state == COMPLETE if expired else job.is_open
                if not (fits if id is None else job.id == id):
                    continue
                if state is not None:
                    self.jobs.force(job, state)
                if expired:
                    self.jobs.expire(job)

    @property
    def outbox(self) -> list[Record]:
        """What the send operations would have sent; ``delivered`` is None until it is due."""
        with self._up_to_date():
            return list(self.sent)

    @contextmanager
    def _up_to_date(self) -> Iterator[None]:
        """Hold the lock after due e-mail was delivered and due jobs have moved on."""
        with self.lock:
            self.jobs.advance()
            emails.deliver_due(self)
            yield


def _listed(given: Any) -> list[Any]:
    """Return a list; a single id or mapping becomes a list of one."""
    return [given] if isinstance(given, int) or hasattr(given, "keys") else list(given)
