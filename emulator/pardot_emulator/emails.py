"""What e-mails and templates have beyond plain rows: figures, unknown templates, sends.

A send leaves behind the e-mail, an entry of the outbox, and activities of type 6 (Sent). They are
part of queries and exports, and statistics count them together with every open or click that a
test adds.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from pardot_emulator import outbox
from pardot_emulator.errors import PardotError
from pardot_emulator.filters import truth
from pardot_emulator.objects import COMPUTED, STATS_COUNTS, STATS_RATES
from pardot_emulator.wire import one_or_many, override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pardot_emulator.account import Account
    from pardot_emulator.model import Model
    from pardot_emulator.settings import Settings

Record = dict[str, Any]

# Types of E.1. No source says which bounces are soft: the indirect ones count as soft [?].
_SENT, _OPEN, _HARD, _SOFT, _SPAM = 6, 11, 13, 36, 14
_CLICKS = frozenset({1, 17})
_OPT_OUTS = frozenset({12, 35})


def stats(model: Model, settings: Settings, list_email_id: int) -> Record | None:
    """Return the figures of a list e-mail as they are sent; None for an unknown one.

    They are counted from the stored activities and clicks of this ``list_email_id``. A row of
    ``emailStats`` replaces single figures, ``_wire`` of it the keys themselves.

    Args:
        model: The rows.
        settings: The switches, for rates of nothing.
        list_email_id: The list e-mail.
    """
    chosen = f"list_email_id = {list_email_id:d}"
    acts = model.pick("visitorActivity", ("type", "prospect_id", "created_at"), chosen)
    clicks = model.pick("emailClick", ("prospect_id", "created_at"), chosen)
    own = next(iter(model.where("emailStats", "id = ?", [list_email_id])), None)
    if not (acts or clicks or own or model.pick("email", ("id",), chosen)):
        return None
    figures = _rates(_counts(acts, clicks), settings.stats_zero_rate)
    return figures if own is None else _replaced(figures, own)


def no_stats(settings: Settings) -> Record:
    """Return the figures of a list e-mail that nobody got."""
    return _rates(_counts([], []), settings.stats_zero_rate)


def _counts(
    acts: Sequence[tuple[int, int | None, int]], clicks: Sequence[tuple[int | None, int]]
) -> Record:
    """Count; all unknown prospects count as one.

    A click that is stored as an activity and as an e-mail click, of one prospect in one second,
    is one click.
    """
    kinds = Counter(kind for kind, _, _ in acts)
    clicked = Counter((who, at) for kind, who, at in acts if kind in _CLICKS) | Counter(clicks)
    return {
        "sent": kinds[_SENT],
        # Never below 0, though rows may have a bounce without what was sent.
        "delivered": max(0, kinds[_SENT] - kinds[_HARD] - kinds[_SOFT]),
        "total_clicks": clicked.total(),
        "unique_clicks": len({who for who, _ in clicked}),
        "soft_bounced": kinds[_SOFT],
        "hard_bounced": kinds[_HARD],
        "opt_outs": sum(kinds[kind] for kind in _OPT_OUTS),
        "spam_complaints": kinds[_SPAM],
        "opens": kinds[_OPEN],
        "unique_opens": len({who for kind, who, _ in acts if kind == _OPEN}),
    }


def _rates(counts: Record, of_nothing: str | None) -> Record:
    """Add the rates: text with two decimals and a percent sign (C.6 [W JAVA])."""
    rates = {}
    for name, terms in STATS_RATES.items():
        part, whole = (counts[key] for key in terms)
        rates[name] = f"{100 * part / whole:.2f}%" if whole else of_nothing
    return {**counts, **rates}


def _replaced(figures: Record, own: tuple[Any, ...]) -> Record:
    """Put the figures of an ``emailStats`` row over the counted ones."""
    names = (*STATS_COUNTS, *STATS_RATES)
    for name, document in zip(names, own[1:-1], strict=True):
        value = None if document is None else json.loads(document)
        if value != COMPUTED:
            figures[name] = value
    override(figures, json.loads(own[-1] or "{}"))
    return figures


def with_archived(params: Mapping[str, str], *, listing: bool) -> bool:
    """Return whether archived templates are wanted.

    Raises:
        PardotError: 145 (read) or 146 (list), neither true nor false. That both codes are for
            this parameter is documented (A.9), which is whose is not [?].
    """
    return truth(params.get("archived", "false"), 146 if listing else 145)


def templates(model: Model, clause: str, *, archived: bool) -> list[tuple[Any, ...]]:
    """Return the templates that a clause selects, all of them: no paging is documented (C.8)."""
    shown = "1" if archived else "coalesce(isArchived, 0) = 0"
    return model.where("emailTemplate", f"{clause} AND {shown}")


def template_body(records: list[Record], settings: Settings) -> Record:
    """Return the answer to a read of one template, or of none.

    Raises:
        PardotError: 86 or 68, by switch: as documented (A.7), "not found" is no error but a
            record that contains one.
    """
    if records:
        return {"emailTemplate": {"error": 0, **records[0]}}
    error = PardotError(settings.template_code)
    if settings.template_missing == "error":
        raise error
    answer = {"error": 1, "errorCode": error.code, "errorMessage": error.message}
    return {"emailTemplate": answer}


def templates_body(records: list[Record], settings: Settings) -> Record:
    """Return the answer to ``listOneToOne``; without templates their key is absent (C.8)."""
    several = records if settings.template_list == "list" else one_or_many(records)
    found = {"templates": several} if records else {}
    return {"emailTemplates": {"error": 0, **found, "count": len(records)}}


# Ids of list e-mails are far from those of e-mails, so that one taken for the other finds nothing.
_FIRST_LIST_EMAIL = 1_000_000


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
    model.add("email", [{**email, "campaign_id": entry["campaign_id"]}])
    if not path:
        model.add("listEmail", [_list_email(email, entry, now)])
    used = entry["email_template_id"]
    if used is not None and used not in stored:
        # A tap finds its id in the activities and asks for it.
        model.add("emailTemplate", [outbox.DEMO_TEMPLATES[used]])
    account.sent.append(entry)
    deliver_due(account)
    return int(email["id"])


def _list_email(email: Record, entry: Mapping[str, Any], now: int) -> Record:
    """Return the row of a list e-mail, as version 5 lists it; a scheduled one is not yet sent."""
    at = max(entry["scheduled"] or 0, now)
    to = entry["recipients"]
    return {
        "id": email["list_email_id"],
        "name": email["name"],
        "subject": email["subject"],
        "campaignId": entry["campaign_id"],
        "emailTemplateId": entry["email_template_id"],
        "isOperational": entry["operational"],
        "isSent": at <= now,
        "sentAt": at,
        "recipientLists": to["list_ids"],
        "suppressionLists": to["suppression_list_ids"],
        "createdAt": now,
        "updatedAt": now,
    }


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
            if entry["list_email_id"] is not None:
                account.model.update("listEmail", [entry["list_email_id"]], {"isSent": True})


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
