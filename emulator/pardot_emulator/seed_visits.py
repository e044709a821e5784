"""Seeded visitors and their visits: with no, one, some or many page views.

One visitor has 450 visits, which is more than two pages of 200.
"""

from __future__ import annotations

from pardot_emulator.seed_world import UGLY, Draw, Row, Seed, World

BUSY = 450
# Place of the visitor they belong to: an identified one outside the recycle bin.
_BUSY_PLACE = 2
_MANY, _SECONDS = 25, 40
_SCATTER = 2_654_435_761


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


VISITS = {
    "visitor": Seed(_visitor, 231_004_519, bits=20),
    "visit": Seed(_visit, 55_120_033, bits=16),
}
