"""The accounts that `compare` reads, and what happens to them between two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pardot_emulator import Emulator
from tests.helpers import states

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = "2024-06-01T12:00:00+00:00"
ROWS = 40


def seeded(custom_fields: int = 12, **switches: Any) -> Emulator:
    """Return an account, not started: all kinds of rows, and more than a page of some.

    Args:
        custom_fields: Of prospects.
        **switches: Of the emulator.
    """
    switches = {
        "timezone": "America/New_York",
        "clock": NOW,
        "export_seconds": 0,
        "export_file_rows": 25,
        **switches,
    }
    emulator = Emulator(rows=ROWS, custom_fields=custom_fields, **switches)
    _stop_clock(emulator)
    moment = "2024-05-10T10:00:00+00:00"
    times = {"created_at": moment, "updated_at": moment}
    emulator.add("list", [{"id": n, "name": f"List {n}", **times} for n in range(1, 451)])
    emulator.add("emailClick", [{"id": n, "created_at": moment} for n in range(1, 251)])
    return emulator


def of_saved_state(**_: Any) -> Emulator:
    """Return the account, not started, that the STATEs in the tests were made of."""
    emulator = states.account()
    _stop_clock(emulator)
    return emulator


def _stop_clock(emulator: Emulator) -> None:
    """Let export jobs take their times from the clock that stands still."""
    emulator.settings.__dict__["pace"] = lambda: float(emulator.settings.now())


# --- what happens between two runs ---


def later(emulator: Emulator) -> None:
    """Let a day pass; rows change, appear and are deleted."""
    emulator.forward(days=1)
    now = emulator.settings.now()
    for name in _CHANGING:
        rows = emulator.rows(name)
        times = {key: now - 600 for key in ("updated_at", "updatedAt") if key in rows[0]}
        emulator.update(name, [row["id"] for row in rows[::7]], **times)
        made = {key: now - 900 for key in ("created_at", "createdAt") if key in rows[0]}
        new = [row | times | made | {"id": rows[-1]["id"] + n} for n, row in enumerate(rows[:3], 1)]
        if name == "email":
            new = [row | {"list_email_id": 2_000_000_000 + row["id"]} for row in new]
        emulator.add(name, new)
        gone = [row["id"] for row in rows[3:6]]
        if "deleted" in rows[0]:
            emulator.update(name, gone, deleted=True, **times)
        elif name in _DELETABLE:
            emulator.delete(name, gone)
    _mail(emulator, now - 700)
    emulator.forward(3600)


_DELETABLE = frozenset({"campaign", "email", "emailTemplate", "list", "opportunity", "tag"})
_CHANGING = (
    *("campaign", "customRedirect", "dynamicContent", "email", "emailClick", "emailTemplate"),
    *("externalActivity", "form", "import", "lifecycleHistory", "list", "listMembership"),
    *("opportunity", "prospect", "prospectAccount", "tag", "tagObject", "user", "visit", "visitor"),
    "visitorActivity",
)


def _mail(emulator: Emulator, moment: int) -> None:
    """Add activities and clicks that name e-mails and templates, some for the first time."""
    mails, templates = emulator.rows("email"), emulator.rows("emailTemplate")
    times = {"created_at": moment, "updated_at": moment}
    first = emulator.rows("visitorActivity")[-1]["id"] + 1
    activities = [
        {
            "id": first + n,
            "type": 11 if n % 2 else 6,
            "email_id": mail["id"],
            "list_email_id": mail["list_email_id"],
            "email_template_id": templates[n]["id"],
            **times,
        }
        for n, mail in enumerate([*mails[::4], *mails[-3:]])
    ]
    emulator.add("visitorActivity", activities)
    first = emulator.rows("emailClick")[-1]["id"] + 1
    clicks = [
        {"id": first + n, "list_email_id": mail["list_email_id"], "created_at": moment}
        for n, mail in enumerate(mails[::5])
    ]
    emulator.add("emailClick", clicks)


def repaired(emulator: Emulator) -> None:
    """Let nothing go wrong any more."""
    emulator.clear_faults()


def switched(**switches: Any) -> Callable[[Emulator], None]:
    """Return what changes switches."""
    return lambda emulator: emulator.set(**switches)


def ordered(orders: list[dict[str, Any]]) -> Callable[[Emulator], None]:
    """Return what creates export jobs again, of the business unit that the saved STATEs name."""

    def order(emulator: Emulator) -> None:
        states.order(emulator, orders)
        emulator.set(export_seconds=0.0)

    return order


def without_files(emulator: Emulator) -> None:
    """Let the files of all export jobs expire."""
    emulator.set_export(expired=True)


def busy(emulator: Emulator) -> None:
    """Add more visitors than one call names, and more than two pages of visits of one of them."""
    moment = "2024-05-11T10:00:00+00:00"
    times = {"created_at": moment, "updated_at": moment}
    views = [{"id": 900_000, "url": "https://www.example.com/a", "created_at": moment}]
    first = 240_000_000
    emulator.add("visitor", [{"id": first + n, **times} for n in range(250)])
    visits = [
        {
            "id": n,
            "visitor_id": first + max(0, n - 450),
            "visitor_page_views": views if n % 2 else None,
            **times,
        }
        for n in range(1, 501)
    ]
    emulator.add("visit", visits)
