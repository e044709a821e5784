"""Seeded visitors, their visits, and activities, also those of other tools; see `seed`.

One visitor has 450 visits, which is more than two pages of 200. Some activities are sessions,
which no answer contains (reference C.23).
"""

from __future__ import annotations

from pardot_emulator.seed_mail import named_email, named_template
from pardot_emulator.seed_world import PROSE, UGLY, Draw, Row, Seed, World

BUSY = 450
# Place of the visitor they belong to: an identified one outside the recycle bin.
_BUSY_PLACE = 2
_MANY, _SECONDS = 25, 40
_SCATTER = 2_654_435_761

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


def is_anonymous(place: int) -> bool:
    """Return whether the visitor at a place has no prospect: two of five have none."""
    return place % 5 < 2  # noqa: PLR2004


def is_deleted(place: int) -> bool:
    """Return whether the visitor at a place is in the recycle bin."""
    return place % 29 == 13  # noqa: PLR2004


def prospect_of(world: World, visitor: int) -> int | None:
    """Return the prospect of the visitor at a place."""
    return None if is_anonymous(visitor) else world.one_of("prospect", visitor * _SCATTER >> 9)


def visitor_of(world: World, visit: int) -> int:
    """Return the place of the visitor of the visit at a place: never one in the bin."""
    size, count = world.size("visit"), world.size("visitor")
    busy_visitor = min(_BUSY_PLACE, count - 1)
    busy = BUSY if size >= 1_000 else size * 45 // 100  # noqa: PLR2004
    if visit % 2 == 0 and visit < 2 * busy:
        return busy_visitor
    other = (visit * _SCATTER >> 7) % count
    other += is_deleted(other)
    return other % count if other != busy_visitor else (other + 1) % count


def page_views(visit: int) -> int:
    """Return the number of page views of the visit at a place; every fourth has none."""
    return _MANY if visit % 97 == 5 else (1, 0, 3, 2)[visit % 4]  # noqa: PLR2004


def _visitor(world: World, draw: Draw) -> Row:
    bits, place = draw.bits, draw.place
    return {
        "prospect_id": prospect_of(world, place),
        "page_view_count": bits % 90 if bits & 7 else None,
        "ip_address": f"192.0.2.{bits & 255}" if bits & 15 else None,
        "hostname": f"host-{bits & 4095}.example.com" if bits & 1 else None,
        "campaign_parameter": "spring, 2024" if bits & 2 else None,
        "medium_parameter": draw.pick("email", "=cpc", None),
        "source_parameter": "2024" if bits & 4 else None,
        # Some anonymous ones are of a known company.
        "identified": True if is_anonymous(place) and bits & 48 == 0 else None,
        "deleted": is_deleted(place),
    }


def _visit(world: World, draw: Draw) -> Row:
    bits, created, count = draw.bits, draw.created, page_views(draw.place)
    visitor = visitor_of(world, draw.place)
    last = created + _SECONDS * max(0, count - 1)
    return {
        "visitor_id": world.one_of("visitor", visitor),
        "prospect_id": prospect_of(world, visitor),
        "visitor_page_view_count": count,
        "first_visitor_page_view_at": created if count else None,
        "last_visitor_page_view_at": last if count else None,
        "duration_in_seconds": last - created,
        "campaign_parameter": "spring, 2024" if bits & 3 == 0 else None,
        "medium_parameter": draw.pick("email", "=cpc", None),
        "source_parameter": "2024" if bits & 4 else None,
        "content_parameter": draw.pick(*UGLY) if bits & 24 == 0 else None,
        "updated_at": max(draw.updated, last),
        "visitor_page_views": [
            {
                "id": 32 * draw.id + n,
                "url": f"https://www.example.com/page/{bits + n & 255}?a=1&b=%22",
                "title": UGLY[(bits + n) % len(UGLY)] if (bits + n) % 5 else None,
                "created_at": created + _SECONDS * n,
            }
            for n in range(count)
        ],
    }


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


VISITS = {
    "visitor": Seed(_visitor, 231_004_519, bits=20),
    "visit": Seed(_visit, 55_120_033, bits=16),
    "visitorActivity": Seed(_activity, 3_120_558_001, bits=24),
    "externalActivity": Seed(_external_activity, 60_003_101, bits=20, times=("createdAt",)),
}
