"""An emulator inside a test: in a thread, on a free port, with its rows and switches at hand."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self

from pardot_emulator.dates import DAY
from pardot_emulator.oauth import OAuthSettings
from pardot_emulator.server import Server
from pardot_emulator.settings import Settings
from pardot_emulator.state import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

START_TIMEOUT = 10.0


class Emulator:
    """A local Pardot, from ``with`` to the end of the block.

    Rows are in storage form: keyed by the API's field names, times as epoch seconds or ISO 8601
    text (naive = UTC). ``add`` takes a further key ``_wire``: {"set": {key: value}, "drop":
    [key]}, which changes the row on the wire only, for values the reference does not know.

    Prospects and prospect accounts hold their own fields in ``custom``: {field id: value, or list
    of values}; only those exist that have a row in ``customField`` or ``prospectAccountField``
    (what ``describe`` tells). ``deleted`` puts a prospect, prospect account, visitor or
    listMembership into the recycle bin; ``identified`` says of a visitor whether it is.

    An ``email`` tells its ``list_email_id``, by which activities and clicks are counted; a row of
    ``emailStats`` (``id`` = that number) holds figures that are sent as they are instead. A
    ``visit`` holds its page views, [{id, url, title, created_at}], in ``visitor_page_views``.
    """

    def __init__(  # noqa: PLR0913 -- all by name
        self,
        *,
        rows: int = 0,
        seed: int = 1,
        objects: Collection[str] | None = None,
        custom_fields: int | None = None,
        port: int = 0,
        database: str = ":memory:",
        oauth: OAuthSettings | Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        """Prepare an account; nothing listens yet.

        Args:
            rows: Rows of each big object; 0 leaves only the account record.
            seed: Chooses the rows' values.
            objects: Seed only these (and the account); all by default.
            custom_fields: Number of seeded custom fields of prospects.
            port: 0 takes a free one.
            database: SQLite file; one that holds rows is not seeded again.
            oauth: The connected app; demo values where absent.
            **settings: Switches of `Settings`.
        """
        if oauth is not None and not isinstance(oauth, OAuthSettings):
            oauth = OAuthSettings(**oauth)
        self.state = State(Settings(**settings), oauth, database=database)
        if not any(self.state.model.counts().values()):
            self.state.seed(seed=seed, rows=rows, objects=objects, custom_fields=custom_fields)
        self.url = ""
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._server = Server(self.state)
        self._thread = threading.Thread(target=self._run, name="pardot-emulator", daemon=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Listen on 127.0.0.1.

        Raises:
            OSError: The port is taken.
        """
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(self._server.start(self._port), self._loop)
        try:
            port = started.result(START_TIMEOUT)
        except OSError:
            self.stop()
            raise
        self.url = f"http://127.0.0.1:{port}"
        return self

    def stop(self) -> None:
        """Close everything; calls that hang are dropped."""
        stopped = asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop)
        stopped.result(START_TIMEOUT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_TIMEOUT)
        self._loop.close()
        self.state.model.close()

    @property
    def config(self) -> dict[str, Any]:
        """Settings of the tap that log in here; a new dict each time."""
        return {
            "pardot_business_unit_id": self.state.settings.business_unit_id,
            "client_id": self.oauth.client_id,
            "client_secret": self.oauth.client_secret,
            "refresh_token": self.oauth.refresh_token,
            "login_url": self.url,
            "api_url": self.url,
            "timezone": self.state.settings.timezone,
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same as environment variables, and the emulator's URL."""
        variables = {f"TAP_PARDOT_{key.upper()}": value for key, value in self.config.items()}
        return {**variables, "PARDOT_EMULATOR_URL": self.url}

    @property
    def oauth(self) -> OAuthSettings:
        """The connected app; attributes may be set while it runs."""
        return self.state.issuer.settings

    @property
    def settings(self) -> Settings:
        """The switches; change them with `set`."""
        return self.state.settings

    def set(self, **changes: Any) -> None:
        """Change switches; ``oauth={...}`` changes the connected app.

        Raises:
            ValueError: An unknown switch, or a value it does not take.
        """
        app = changes.pop("oauth", {})
        unknown = app.keys() - {item.name for item in fields(OAuthSettings)}
        if unknown:
            raise ValueError(f"unknown OAuth settings: {', '.join(sorted(unknown))}")
        with self.state.lock:
            self.state.settings.change(changes)
            for name, value in app.items():
                setattr(self.oauth, name, value)

    def expire_tokens(self) -> int:
        """Kill every access token that is out; return how many."""
        with self.state.lock:
            return self.state.issuer.expire_now()

    def add(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows of an object, replacing those of the same id."""
        with self.state.lock:
            self.state.model.add(name, rows)

    def update(self, name: str, ids: int | Iterable[int], /, **changes: Any) -> None:
        """Set fields of rows; ``updated_at`` moves only when given."""
        with self.state.lock:
            self.state.model.update(name, _ids(ids), changes)

    def delete(self, name: str, ids: int | Iterable[int]) -> None:
        """Remove rows by id."""
        with self.state.lock:
            self.state.model.delete(name, _ids(ids))

    def clear(self, name: str | None = None) -> None:
        """Remove all rows of one object, or of all."""
        with self.state.lock:
            self.state.model.clear(name)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the stored rows of an object, by id."""
        return self.state.rows(name)

    def count(self, name: str) -> int:
        """Return the number of rows of an object."""
        return self.state.count(name)

    def counts(self) -> dict[str, int]:
        """Return the number of rows of every object."""
        return self.state.counts()

    def page_views(self) -> list[dict[str, Any]]:
        """Return all page views of visits in storage form, with ``visit_id``, ``visitor_id``."""
        return self.state.page_views()

    def stats(self, list_email_id: int) -> dict[str, Any]:
        """Return the figures of a list e-mail as the API would send them; no call is logged.

        Raises:
            KeyError: No row names this list e-mail.
        """
        return self.state.stats(list_email_id)

    def fault(self, **options: Any) -> int:
        """Add a fault (see `faults.Fault` for match and action); return its id."""
        with self.state.lock:
            return self.state.add_fault(options)

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The faults, each with how many calls it ``seen`` and on how many it ``fired``."""
        with self.state.lock:
            return self.state.faults.as_list()

    def clear_faults(self) -> None:
        """Forget all faults."""
        with self.state.lock:
            self.state.faults.clear()

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Records of the API calls, oldest first; no logins, no control calls."""
        with self.state.lock:
            return list(self.state.calls)

    @property
    def unknown_calls(self) -> list[dict[str, Any]]:
        """Calls for something that does not exist: a test should end with none."""
        return [call for call in self.calls if call["unknown"]]

    @property
    def logins(self) -> list[dict[str, Any]]:
        """Records of the token calls, oldest first."""
        with self.state.lock:
            return list(self.state.logins)

    def clear_calls(self) -> None:
        """Forget the records of calls and logins."""
        self.state.clear_calls()

    @property
    def exports(self) -> list[dict[str, Any]]:
        """The jobs created through the API, oldest first; see `exports.Job.as_dict`."""
        with self.state.lock:
            self.state.exports.advance()
            return [job.as_dict() for job in self.state.exports]

    def set_export(
        self,
        id: int | None = None,  # noqa: A002 -- as in the API
        *,
        state: str | None = None,
        expired: bool = False,
    ) -> None:
        """Put export jobs into a state, or let their files vanish; see `State.set_export`."""
        self.state.set_export(id, state=state, expired=expired)

    def forward(self, seconds: float = 0, *, days: float = 0) -> None:
        """Move the clock ahead, that of a fixed instant too."""
        with self.state.lock:
            self.state.forward(seconds + days * DAY)

    @property
    def outbox(self) -> list[dict[str, Any]]:
        """What the two send operations would have sent; ``delivered`` is None until it is due."""
        return self.state.mail()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


def _ids(ids: int | Iterable[int]) -> list[int]:
    return [ids] if isinstance(ids, int) else list(ids)
