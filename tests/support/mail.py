"""What tests of e-mails share: an account in which activities and clicks name e-mails."""

from __future__ import annotations

import io
import json
import logging
from contextlib import redirect_stdout
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_pardot.endings import ending_in_a_sentence
from tap_pardot.sandbox.dates import parse_instant
from tap_pardot.tap import TapPardot
from tests.support.exports import QUICK, select
from tests.support.tap import Finished

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_pardot.sandbox.harness import Sandbox

NOW = "2024-06-01T12:00:00+00:00"
CLICK, SENT, OPEN = 1, 6, 11  # types of activities (reference E.1)


class Mail:
    """An account and a tap that goes on, run by run, from its last STATE, in one process.

    Attributes:
        sandbox: The account; its clock stands.
        state: The STATE that the last run wrote.
        warnings: What the last run warned of, or called an error.
    """

    def __init__(self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
        sandbox.set(clock=NOW, export_seconds=0.01)
        self.sandbox = sandbox
        self.state: Any = None
        self.warnings: list[str] = []
        self._caplog = caplog
        caplog.set_level(logging.INFO)

    # --- what happens in the account ---

    def act(self, kind: int = OPEN, *, at: str | None = None, **names: int) -> None:
        """Add an activity, an hour ago or at a moment; ``names`` are its ids of e-mails."""
        moment = self._moment(at)
        number = 1 + max((row["id"] for row in self.sandbox.rows("visitorActivity")), default=0)
        times = {"created_at": moment, "updated_at": moment}
        self.sandbox.add("visitorActivity", [{"id": number, "type": kind, **times, **names}])

    def click(self, *, at: str | None = None, **names: int) -> None:
        """Add a click, which never names an e-mail itself, only a list e-mail or a template."""
        number = 1 + max((row["id"] for row in self.sandbox.rows("emailClick")), default=0)
        self.sandbox.add("emailClick", [{"id": number, "created_at": self._moment(at), **names}])

    def emails(self, numbers: Iterable[int], **fields: Any) -> None:
        """Add e-mails, each with an activity that names it."""
        self.sandbox.add("email", [{"id": number, **fields} for number in numbers])
        for number in numbers:
            self.act(email_id=number)

    def break_read(self, number: int, **fault: Any) -> None:
        """Let the reading of one e-mail go wrong from now on.

        The sandbox compares a part of the path: no other id may begin with this one.
        """
        path = f"/do/read/id/{number}"
        self.sandbox.fault(object="email", path=path, **{"times": None, **fault})

    def send(self, path: str, **body: Any) -> int:
        """Send an e-mail as Pardot's API does it; return its id."""
        config, url = self.sandbox.config, self.sandbox.url
        names = ("client_id", "client_secret", "refresh_token")
        form = {"grant_type": "refresh_token", **{name: config[name] for name in names}}
        login = requests.post(f"{url}/services/oauth2/token", data=form, timeout=10)
        headers = {
            "Authorization": f"Bearer {login.json()['access_token']}",
            "Pardot-Business-Unit-Id": config["pardot_business_unit_id"],
        }
        answer = requests.post(
            f"{url}/api/email/version/4/do/{path}?format=json",
            data=body,
            headers=headers,
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        number = answer.json()["email"]["id"]
        assert isinstance(number, int)
        return number

    def _moment(self, at: str | None) -> int:
        return self.sandbox.settings.now() - 3600 if at is None else parse_instant(at)

    # --- runs ---

    def sync(
        self, *streams: str, columns: dict[str, Iterable[str]] | None = None, **settings: Any
    ) -> Finished:
        """Run the tap for these streams, on from the last run; forgets the calls before it."""
        config = {"start_date": "2024-05-01T00:00:00Z", "bulk_source": "query", **QUICK}
        given = SimpleNamespace(config={**self.sandbox.config, **config, **settings})
        given.parse_env = False
        state = None if self.state is None else io.StringIO(json.dumps(self.state))
        catalog = io.StringIO(json.dumps(select(*streams, columns=columns)))
        self.sandbox.clear_calls()
        self._caplog.clear()
        with redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit) as end:  # noqa: SIM117
            with ending_in_a_sentence():
                TapPardot.invoke(config=given, state=state, catalog=catalog)
        code = end.value.code
        assert isinstance(code, int)
        records = self._caplog.records
        self.warnings = [each.getMessage() for each in records if each.levelno >= logging.WARNING]
        run = Finished(code, out.getvalue(), "\n".join(self._caplog.messages))
        self.state = run.state
        return run

    def asked(self, operation: str, pardot_object: str = "email") -> list[int]:
        """Return the ids of the last run's calls, smallest first; ``operation`` as in the URL."""
        calls = [each for each in self.sandbox.calls if each["object"] == pardot_object]
        paths = [each["path"].partition(f"/do/{operation}/id/")[2] for each in calls]
        return sorted(int(number) for number in paths if number)

    def kept(self, stream: str) -> dict[str, Any]:
        """Return a stream's part of STATE."""
        part: dict[str, Any] = self.state["bookmarks"][stream]
        return part
