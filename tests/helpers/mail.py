"""What tests of e-mails share: an account in which activities and clicks name e-mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from pardot_emulator.dates import parse_instant
from tests.helpers.api import log_in
from tests.helpers.children import Runs

if TYPE_CHECKING:
    from collections.abc import Iterable

CLICK, SENT, OPEN = 1, 6, 11  # types of activities (reference E.1)


class Mail(Runs):
    """An account with e-mails, and a tap that goes on."""

    # --- what happens in the account ---

    def act(self, kind: int = OPEN, *, at: str | None = None, **names: int) -> None:
        """Add an activity, an hour ago or at a moment; ``names`` are its ids of e-mails."""
        moment = self._moment(at)
        number = 1 + max((row["id"] for row in self.emulator.rows("visitorActivity")), default=0)
        times = {"created_at": moment, "updated_at": moment}
        self.emulator.add("visitorActivity", [{"id": number, "type": kind, **times, **names}])

    def click(self, *, at: str | None = None, **names: int) -> None:
        """Add a click, which never names an e-mail itself, only a list e-mail or a template."""
        number = 1 + max((row["id"] for row in self.emulator.rows("emailClick")), default=0)
        self.emulator.add("emailClick", [{"id": number, "created_at": self._moment(at), **names}])

    def emails(self, numbers: Iterable[int], **fields: Any) -> None:
        """Add e-mails, each with an activity that names it."""
        self.emulator.add("email", [{"id": number, **fields} for number in numbers])
        for number in numbers:
            self.act(email_id=number)

    def break_read(self, number: int, **fault: Any) -> None:
        """Let the reading of one e-mail go wrong from now on.

        The emulator compares a part of the path: no other id may begin with this one.
        """
        path = f"/do/read/id/{number}"
        self.emulator.fault(object="email", path=path, **{"times": None, **fault})

    def send(self, path: str, **body: Any) -> int:
        """Send an e-mail as Pardot's API does it; return its id."""
        headers = log_in(self.emulator)
        answer = requests.post(
            f"{self.emulator.url}/api/email/version/4/do/{path}?format=json",
            data=body,
            headers=headers,
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        number = answer.json()["email"]["id"]
        assert isinstance(number, int)
        return number

    def _moment(self, at: str | None) -> int:
        return self.emulator.settings.now() - 3600 if at is None else parse_instant(at)

    def asked(self, operation: str, pardot_object: str = "email") -> list[int]:
        """Return the ids of the last run's calls, smallest first; ``operation`` as in the URL."""
        calls = self.calls(pardot_object)
        paths = [each["path"].partition(f"/do/{operation}/id/")[2] for each in calls]
        return sorted(int(number) for number in paths if number)
