"""What a send leaves behind: the e-mail, an entry of the outbox, and activities of type 6 (Sent).

The activities are then part of queries and exports, and statistics count them together with every
open or click that a test adds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pardot_emulator import outbox
from pardot_emulator.errors import PardotError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pardot_emulator.account import Account
    from pardot_emulator.model import Model

Record = dict[str, Any]

# Ids of list e-mails are far from those of e-mails, so that one taken for the other finds nothing.
_FIRST_LIST_EMAIL = 1_000_000
_SENT = 6


def send(account: Account, params: Mapping[str, list[str]], path: Mapping[str, str]) -> int:
    """Take a send request; return the id of its ``email`` row.

    Args:
        account: The account.
        params: Query and form parameters.
        path: Fields of the path: the prospect of a one-to-one e-mail.

    Raises:
        PardotError: The request is refused; see `outbox.prepare`. 190: sending is blocked.
    """
    model, now = account.model, account.settings.now()
    if account.settings.email_blocked:
        raise PardotError(190)
    known = max(model.greatest("email", "id"), model.greatest("visitorActivity", "email_id"))
    stored = {row["id"]: row for row in model.rows("emailTemplate")}
    email, entry = outbox.prepare(
        "one_to_one" if path else "list",
        {**params, **{name: [value] for name, value in path.items()}},
        lookup=model.row,
        new_id=known + 1,
        now=now,
        templates={**outbox.DEMO_TEMPLATES, **stored},
    )
    email["list_email_id"] = None if path else _next_list_email(model, email["id"])
    entry["list_email_id"] = email["list_email_id"]
    # To how many prospects, once it is sent.
    entry["delivered"] = None
    model.add("email", [email])
    used = entry["email_template_id"]
    if used is not None and used not in stored:
        # A tap finds its id in the activities and asks for it.
        model.add("emailTemplate", [outbox.DEMO_TEMPLATES[used]])
    account.sent.append(entry)
    deliver_due(account)
    return int(email["id"])


def deliver_due(account: Account) -> None:
    """Send the e-mail that is due.

    Nothing happens in the background: scheduled e-mail is sent, with the time it was meant for,
    at the next call.
    """
    now = account.settings.now()
    for entry in account.sent:
        at = max(entry["scheduled"] or 0, entry["created_at"])
        if entry["delivered"] is None and at <= now:
            entry["delivered"] = _deliver(account.model, entry, at)


def _deliver(model: Model, entry: Mapping[str, Any], at: int) -> int:
    """Make the activities of an e-mail; return how many."""
    prospects = _recipients(model, entry)
    email = model.row("email", "id", entry["email_id"]) or {}
    first = model.next_id("visitorActivity")
    model.add(
        "visitorActivity",
        [
            {
                "id": first + place,
                "prospect_id": prospect,
                "type": _SENT,
                "type_name": "Email",
                "details": email.get("subject"),
                "email_id": entry["email_id"],
                "email_template_id": entry["email_template_id"],
                "list_email_id": entry["list_email_id"],
                "campaign_id": entry["campaign_id"],
                "created_at": at,
                "updated_at": at,
            }
            for place, prospect in enumerate(prospects)
        ],
    )
    return len(prospects)


def _recipients(model: Model, entry: Mapping[str, Any]) -> list[int]:
    """Return the prospects an e-mail goes to, each once.

    For a list e-mail: who is on a list and on no suppression list, in no recycle bin, and takes
    e-mail; an operational one is sent "regardless of opt-out status" (seed document).
    """
    to = entry["recipients"]
    if entry["kind"] == "one_to_one":
        return [to["prospect_id"]]
    willing = "" if entry["operational"] else "AND NOT opted_out"
    clauses = [
        "NOT deleted",
        f"id IN ({_members(to['list_ids'])} {willing})",
        f"id NOT IN ({_members(to['suppression_list_ids'])})",
    ]
    if not entry["operational"]:
        clauses += ["coalesce(opted_out, 0) = 0", "coalesce(is_do_not_email, 0) = 0"]
    return [row[0] for row in model.pick("prospect", ("id",), " AND ".join(clauses))]


def _members(lists: Sequence[int]) -> str:
    """Return the SELECT of prospects on any of these lists."""
    ids = ", ".join(f"{number:d}" for number in lists)
    return (
        'SELECT prospect_id FROM "listMembership" WHERE NOT deleted '  # noqa: S608 -- integers
        f"AND prospect_id IS NOT NULL AND list_id IN ({ids})"
    )


def _next_list_email(model: Model, email_id: int) -> int:
    """Return a number that no list e-mail has, and not the e-mail's own."""
    known = max(
        _FIRST_LIST_EMAIL,
        model.greatest("email", "list_email_id"),
        model.greatest("emailStats", "id"),
        model.greatest("emailClick", "list_email_id"),
        model.greatest("visitorActivity", "list_email_id"),
    )
    return known + (2 if known + 1 == email_id else 1)
