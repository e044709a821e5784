"""What e-mails and templates have beyond plain rows: figures, and unknown templates."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from pardot_emulator.errors import PardotError
from pardot_emulator.objects_email import COMPUTED, STATS_COUNTS, STATS_RATES
from pardot_emulator.wire import one_or_many, override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pardot_emulator.model import Model
    from pardot_emulator.settings import Settings

Record = dict[str, Any]

# Types of E.1. No source says which bounces are soft: the indirect ones count as soft [?].
_SENT, _OPEN, _HARD, _SOFT, _SPAM = 6, 11, 13, 36, 14
_CLICKS = frozenset({1, 17})
_OPT_OUTS = frozenset({12, 35})
# Rate: numerator and denominator, by the words of the seed document.
_RATES = {
    "delivery_rate": ("delivered", "sent"),
    "opens_rate": ("opens", "delivered"),
    "click_through_rate": ("total_clicks", "delivered"),
    "unique_click_through_rate": ("unique_clicks", "delivered"),
    "click_open_ratio": ("total_clicks", "opens"),
    "opt_out_rate": ("opt_outs", "delivered"),
    "spam_complaint_rate": ("spam_complaints", "delivered"),
}


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


def _counts(
    acts: Sequence[tuple[int, int | None, int]], clicks: Sequence[tuple[int | None, int]]
) -> Record:
    """Count; all unknown prospects count as one.

    A click that is stored as an activity and as an e-mail click, of one prospect in one second,
    is one click.
    """
    kinds = Counter(kind for kind, _, _ in acts)
    clicked = Counter((who, at) for kind, who, at in acts if kind in _CLICKS) | Counter(clicks)
    figures = {
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
    return {name: figures[name] for name in STATS_COUNTS}


def _rates(counts: Record, of_nothing: str | None) -> Record:
    """Add the rates: text with two decimals and a percent sign (C.6 [W JAVA])."""
    rates = {}
    for name in STATS_RATES:
        part, whole = (counts[key] for key in _RATES[name])
        rates[name] = f"{100 * part / whole:.2f}%" if whole else of_nothing
    return {**counts, **rates}


def _replaced(figures: Record, own: tuple[Any, ...]) -> Record:
    """Put the figures of an ``emailStats`` row over the counted ones."""
    names = (*STATS_COUNTS, *STATS_RATES)
    for name, document in zip(names, own[1:-1], strict=True):
        value = None if document is None else json.loads(document)
        if value != COMPUTED:
            figures[name] = value
    override(figures, own[-1])
    return figures


def with_archived(params: Mapping[str, str], *, listing: bool) -> bool:
    """Return whether archived templates are wanted.

    Raises:
        PardotError: 145 (read) or 146 (list), neither true nor false. That both codes are for
            this parameter is documented (A.9), which is whose is not [?].
    """
    text = params.get("archived", "false")
    if text not in {"true", "false"}:
        raise PardotError(146 if listing else 145)
    return text == "true"


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
