"""Seeded activities of visitors and prospects, and of other tools; see `seed`.

Some are sessions, which no answer contains (reference C.23).
"""

from __future__ import annotations

from pardot_emulator.seed_mail import named_email, named_template
from pardot_emulator.seed_visits import page_views, visitor_of
from pardot_emulator.seed_world import PROSE, Draw, Row, Seed, World

_VISIT = 20
_USUAL = (2, 6, 11, _VISIT, 1, 4, 21)
_EVENT_NAMES = ("Webinar", "Olark Chat", "Social Post", "Video", "Event", "UserVoice")
_ASSETS = (
    *("email_id", "form_id", "form_handler_id", "landing_page_id", "file_id"),
    *("custom_redirect_id", "site_search_query_id", "paid_search_ad_id"),
    *("multivariate_test_variation_id", "opportunity_id"),
)
_EMAIL = frozenset({6, 11, 12, 13, 14, 15, 16, 17, 35, 36, 37})
_OPPORTUNITY = {
    8: "Opportunity Created",
    9: "Opportunity Won",
    10: "Opportunity Lost",
    18: "Opportunity Reopen",
    19: "Opportunity Associated",
    38: "Opportunity Unlinked",
}
_PAGES = (
    ("Form", "form_id"),
    ("Landing Page", "landing_page_id"),
    ("File", "file_id"),
    ("Multivariate Landing Page", "multivariate_test_variation_id"),
)


def _kind(number: int, bits: int) -> tuple[str, str | None, str | None]:
    """Return ``type_name``, id field and ``details`` of an activity (E.1)."""
    text = PROSE[bits % len(PROSE)]
    if number in _EMAIL:
        return "Email", "email_id", text
    if number in _OPPORTUNITY:
        return _OPPORTUNITY[number], "opportunity_id", None
    if number == 1:
        return (
            ("Email Tracker", "email_id", "https://www.example.com/?a=1,2")
            if bits & 1
            else ("Paid Ad Search", "paid_search_ad_id", text)
        )
    if number in {2, 3, 4}:
        page = _PAGES[bits & 3]
        return (*page, text) if bits & 4 else ("FormHandler", "form_handler_id", text)
    others: dict[int, tuple[str, str | None, str | None]] = {
        5: ("Visitor", None, f"{bits & 7} page views"),
        7: ("Site Search Query", "site_search_query_id", text),
        20: ("Visit", None, f"{bits & 7} page views"),
        21: ("Custom Redirect", "custom_redirect_id", text),
    }
    return others.get(number, (_EVENT_NAMES[number % 6], None, text if bits & 1 else None))


def _activity(world: World, draw: Draw) -> Row:
    bits = draw.bits
    # The common types are common; one of three rows runs through all types of E.1.
    number = _USUAL[bits % 7] if draw.place % 3 else draw.place // 3 % 38 + 1
    type_name, asset, details = _kind(number, bits)
    is_email = asset == "email_id"
    visitor, visit_id = bits >> 5, None
    email_id, list_email_id = named_email(world, bits) if is_email else (None, None)
    if number == _VISIT:
        visit = (bits >> 3) % world.size("visit")
        visitor, visit_id = visitor_of(world, visit), world.one_of("visit", visit)
        details = f"{page_views(visit)} page views"
    return {
        "prospect_id": None if bits & 15 == 0 else world.one_of("prospect", bits),
        "visitor_id": None if is_email else world.one_of("visitor", visitor),
        "type": number,
        "type_name": type_name,
        "details": details,
        "email_template_id": named_template(world, bits) if is_email and bits & 1 else None,
        "list_email_id": list_email_id,
        "visit_id": visit_id,
        "campaign_id": world.one_of("campaign", bits) if bits & 96 else None,
        **dict.fromkeys(_ASSETS),
        **({asset: email_id or 5_000 + (bits >> 3 & 1023)} if asset else {}),
    }


def _external_activity(world: World, draw: Draw) -> Row:
    """Make an external activity, with the camelCase keys of D.8.1."""
    bits = draw.bits
    return {
        "extension": ("Survey, Inc.", "Webinar Tool")[bits & 1],
        "extensionSalesforceId": f"0W5{bits & 1:015}",
        "type": draw.pick("Survey completed", "Webinar attended", "007"),
        "typeSalesforceId": f"0W6{bits % 3:015}",
        "prospectId": world.one_of("prospect", bits),
        "value": None if bits & 3 == 0 else draw.pick(*PROSE)[:100],
        "activityDate": draw.created - bits % 9_000,
        "createdById": world.one_of("user", bits) if bits & 8 else None,
    }


ACTIVITIES = {
    "visitorActivity": Seed(_activity, 3_120_558_001, bits=24),
    "externalActivity": Seed(_external_activity, 60_003_101, bits=20, times=("createdAt",)),
}
