"""Seeded visits with their page views: none, one, some, many; one visitor has 450 visits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from pardot_emulator.seed_world import UGLY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pardot_emulator.seed_world import World

Row: TypeAlias = dict[str, Any]

# More than two pages of 200.
BUSY = 450
# Place of the visitor they belong to: somebody known, and not in the recycle bin.
_BUSY_PLACE = 2
_MANY, _SECONDS = 25, 40
_SCATTER = 2_654_435_761


def is_anonymous(place: int) -> bool:
    """Say whether the visitor at a place is nobody's: two of five are."""
    return place % 5 < 2  # noqa: PLR2004


def is_deleted(place: int) -> bool:
    """Say whether the visitor at a place is in the recycle bin."""
    return place % 29 == 13  # noqa: PLR2004


class Seen(NamedTuple):
    """Who visited when, known without making the rows.

    Attributes:
        visits: Ids of the visits.
        visitors: Ids of the visitors.
        people: Ids of the prospects.
    """

    visits: list[int]
    visitors: list[int]
    people: list[int]

    @classmethod
    def of(cls, world: World) -> Seen:
        """Collect the ids of an account."""
        return cls(*(world.ids(name) for name in ("visit", "visitor", "prospect")))

    def prospect(self, place: int) -> int | None:
        """Return the prospect of the visitor at a place."""
        scattered = place * _SCATTER >> 9
        return None if is_anonymous(place) else self.people[scattered % len(self.people)]

    def visitor(self, place: int) -> int:
        """Return the place of the visitor of the visit at a place: never one in the bin."""
        size, count = len(self.visits), len(self.visitors)
        held = min(_BUSY_PLACE, count - 1)
        busy = BUSY if size >= 1_000 else size * 45 // 100  # noqa: PLR2004
        if place % 2 == 0 and place < 2 * busy:
            return held
        other = (place * _SCATTER >> 7) % count
        other += is_deleted(other)
        return other % count if other != held else (other + 1) % count


def page_views(place: int) -> int:
    """Return the number of page views of the visit at a place."""
    return _MANY if place % 97 == 5 else (1, 0, 3, 2)[place % 4]  # noqa: PLR2004


def visits(world: World) -> Iterator[Row]:
    """Make the visits, every fourth one without page views."""
    rnd, dated = world.dated("visit")
    seen = Seen.of(world)
    bits = rnd.getrandbits
    for place, (key, created, updated) in enumerate(dated):
        b = bits(16)
        owner, count = seen.visitor(place), page_views(place)
        last = created + _SECONDS * max(0, count - 1)
        yield {
            "id": key,
            "visitor_id": seen.visitors[owner],
            "prospect_id": seen.prospect(owner),
            "visitor_page_view_count": count,
            "first_visitor_page_view_at": created if count else None,
            "last_visitor_page_view_at": last if count else None,
            "duration_in_seconds": last - created,
            "campaign_parameter": "spring, 2024" if b & 3 == 0 else None,
            "medium_parameter": ("email", "=cpc", None)[b % 3],
            "source_parameter": "2024" if b & 4 else None,
            "content_parameter": UGLY[b % len(UGLY)] if b & 24 == 0 else None,
            "term_parameter": None,
            "created_at": created,
            "updated_at": max(updated, last),
            "visitor_page_views": [
                {
                    "id": 32 * key + n,
                    "url": f"https://www.example.com/page/{b + n & 255}?a=1&b=%22",
                    "title": UGLY[(b + n) % len(UGLY)] if (b + n) % 5 else None,
                    "created_at": created + _SECONDS * n,
                }
                for n in range(count)
            ],
        }
