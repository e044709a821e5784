"""An emulator inside a test: in a thread, on a free port, with its rows and switches at hand."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

from pardot_emulator.account import Account
from pardot_emulator.oauth import OAuthSettings
from pardot_emulator.server import Server
from pardot_emulator.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

START_TIMEOUT = 10.0


class Emulator(Account):
    """An account that is served over HTTP, from ``with`` to the end of the block."""

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
        super().__init__(Settings(**settings), oauth, database)
        if not any(self.model.counts().values()):
            self.seed(seed=seed, rows=rows, objects=objects, custom_fields=custom_fields)
        self.url = ""
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._server = Server(self)
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
        self.model.close()

    @property
    def config(self) -> dict[str, Any]:
        """Settings of the tap for this emulator; a new dict each time."""
        return {
            "pardot_business_unit_id": self.settings.business_unit_id,
            "client_id": self.oauth.client_id,
            "client_secret": self.oauth.client_secret,
            "refresh_token": self.oauth.refresh_token,
            "login_url": self.url,
            "api_url": self.url,
            "timezone": self.settings.timezone,
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same as environment variables, and the emulator's URL."""
        variables = {f"TAP_PARDOT_{key.upper()}": value for key, value in self.config.items()}
        return {**variables, "PARDOT_EMULATOR_URL": self.url}

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
