"""The frame that seeded rows hang in: how many, which ids, which times, which names."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from itertools import chain
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DAY = 86_400
# Longer than the two years that hold the last two autumns.
HISTORY = 3 * 365 * DAY
# Nothing is newer than this, so that a run's safety lag never hides a seeded row.
QUIET = 3_600
# More than two pages of 200 in one second, as after an import or a mass change (F.1).
BURST = 600
BURST_AGE = 40 * DAY


# First id and largest number of rows per object; None: as many as asked for.
OBJECTS: dict[str, tuple[int, int | None]] = {
    "user": (3_917_021, 25),
    "campaign": (11_873, 2_000),
    # With the standard fields of a prospect that is one export job of 150 fields (D.1).
    "customField": (5_021, 60),
    "tag": (40_013, 2_000),
    "lifecycleStage": (16_207, 7),
    "form": (9_011, 2_000),
    "customRedirect": (31_407, 2_000),
    "dynamicContent": (2_213, 2_000),
    "email": (812_330_011, 120),
    "emailTemplate": (6_701, 60),
    "export": (201_917, 120),
    "import": (51_009, 120),
    "prospect": (65_110_203, None),
    "list": (21_055, None),
    "opportunity": (4_310_201, None),
    "emailClick": (1_284_500_117, None),
    "lifecycleHistory": (88_413_009, None),
    "tagObject": (71_220_541, None),
    "prospectAccountField": (1_301, 9),
    "prospectAccount": (7_410_023, None),
    "visitor": (231_004_519, None),
    "visit": (55_120_033, None),
    "listMembership": (940_112_007, None),
    "visitorActivity": (3_120_558_001, None),
    "externalActivity": (60_003_101, None),
}
# The first six read as numbers on the wire; the others strain quoting, escaping and encodings.
UGLY = (
    "15555555555",
    "02190",
    "2024",
    "1e5",
    "007",
    "1.50",
    "Quotes \"double\", 'single' and `tick`",
    "Comma, semicolon; pipe| tab\tend",
    "Two\r\nlines and\na third\rand a fourth",
    "Emoji 🚀👩‍👩‍👧, naïve, 日本語, עברית",
    '<b>HTML</b> &amp; <a href="https://example.com/?a=1&b=2">link</a>',
    "100%% off for %%first_name%%",
    "  spaces around  ",
    "null",
    "true",
    "back\\slash \\n \\u0041",
    "=1+1",
    "-",
    "Long name " + "0123456789 " * 50,
)
_TOPICS = (
    "Spring",
    "Summer",
    "Autumn",
    "Winter",
    "Partner",
    "Customer",
    "Webinar",
    "Product",
    "Newsletter",
    "Renewal",
    "Welcome",
    "Regional",
    "Enterprise",
    "Trial",
    "Event",
    "Research",
)
_KINDS = (
    "Subscribers",
    "Invitees",
    "Launch",
    "Survey",
    "Guide",
    "Leads",
    "Update",
    "Series",
    "Audience",
    "Program",
    "Follow-up",
    "Nurture",
    "Offer",
    "Registrants",
    "Report",
    "Digest",
)
_FIRST = (
    "Ada",
    "Bo",
    "Chloé",
    "Dmitri",
    "Eve",
    "Farid",
    "Grace",
    "Hiro",
    "Inés",
    "Jonas",
    "Kofi",
    "Lena",
    "Mei",
    "Nils",
    "Oya",
    "Zoë",
)
_LAST = (
    "Adler",
    "Berg",
    "O'Neil",
    "Cruz",
    "Dube",
    "Ek",
    "Fox",
    "Gül",
    "Ivers",
    "Jha",
    "Kim",
    "Li",
    "Moreau",
    "Núñez",
    "Ortiz",
    "Sato",
)
_COMPANIES = ("Acme", "Globex, Inc.", 'The "Widget" Co', "Müller & Söhne", "Initech", "Umbrella")


def clock_changes(timezone: str, now: int) -> list[tuple[int, int]]:
    """Find the clock changes of a zone in the two years or so before ``now``, newest first.

    Args:
        timezone: IANA name.
        now: Epoch seconds; changes in the two hours before it are left out.

    Returns:
        Pairs of the change's instant (epoch seconds) and the seconds that the wall clock jumps:
        negative in an autumn fold, positive in a spring gap.
    """
    zone = ZoneInfo(timezone)

    def offset(at: int) -> int:
        gap = datetime.fromtimestamp(at, zone).utcoffset()
        return int(gap.total_seconds()) if gap is not None else 0

    found = []
    late = now - 2 * QUIET
    while late > now - 800 * DAY:
        early = late - DAY
        if offset(early) != offset(late):
            low, high = early, late
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
            found.append((high, offset(high) - offset(low)))
        late = early
    return found


class World:
    """What the makers of rows share: sizes, ids, times and the edges of the zone's clock."""

    def __init__(
        self,
        seed: int,
        rows: int,
        timezone: str,
        now: int,
        sizes: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.seed, self.rows, self.timezone, self.now = seed, rows, timezone, now
        self._sizes = sizes
        self.edges = list(_edges(clock_changes(timezone, now)))

    def size(self, name: str) -> int:
        """Return the number of rows of an object."""
        if name in self._sizes:
            return self._sizes[name]
        cap = OBJECTS[name][1]
        return self.rows if cap is None else min(self.rows, cap)

    def ids(self, name: str) -> list[int]:
        """Ids that grow with uneven steps and can be known without making the rows."""
        first, seed = OBJECTS[name][0], self.seed
        steps = range(self.size(name))
        return [first + 3 * i + ((i + seed) * 2_654_435_761 >> 9) % 3 for i in steps]

    def rng(self, name: str) -> Random:
        """Random numbers of one object, so that it does not depend on the others."""
        return Random(f"{self.seed}:{name}")  # noqa: S311 -- rows, not secrets

    def created(self, name: str, rnd: Random, *, burst: bool) -> list[int]:
        """Times of creation, growing; with ``burst`` many of them in one second."""
        count = self.size(name)
        extras = self.edges[: count // 4]
        if burst:
            extras = extras + [self.now - BURST_AGE] * _burst(count)
        plain = count - len(extras)
        start, span = self.now - HISTORY, HISTORY - QUIET
        draw = rnd.random
        return sorted(
            chain(extras, (start + int((i + draw()) * span / plain) for i in range(plain)))
        )

    def updated(self, created: Sequence[int], rnd: Random) -> list[int]:
        """Times of the last change: a third never changed, many in one second, some on edges."""
        last, draw = self.now - QUIET, rnd.random
        stamps = [c if draw() < 1 / 3 else c + int((last - c) * draw() * draw()) for c in created]
        second = self.now - BURST_AGE
        old = bisect_right(created, second)
        order = rnd.sample(range(old), min(old, _burst(len(created))))
        for index in order:
            stamps[index] = second
        taken = set(order)
        for edge in self.edges[: len(created) // 4]:
            index = rnd.randrange(max(1, bisect_right(created, edge)))
            while index in taken and index > 0:
                index -= 1
            if index not in taken and created[index] <= edge:
                stamps[index] = edge
                taken.add(index)
        return stamps

    def dated(self, name: str) -> tuple[Random, list[tuple[int, int, int]]]:
        """Random numbers, and id, created_at and updated_at per row."""
        rnd = self.rng(name)
        created = self.created(name, rnd, burst=False)
        return rnd, list(zip(self.ids(name), created, self.updated(created, rnd), strict=True))

    def logged(self, name: str) -> tuple[Random, Iterator[tuple[int, int]]]:
        """As `dated` for rows that never change: id and created_at."""
        rnd = self.rng(name)
        return rnd, zip(self.ids(name), self.created(name, rnd, burst=True), strict=True)

    def names(self, name: str, rnd: Random) -> Iterator[str]:
        """Names, the ugly ones spread evenly among the plain."""
        count = self.size(name)
        held = min(count, len(UGLY))
        ugly = {i * count // held: UGLY[i] for i in range(held)}
        bits = rnd.getrandbits
        for i in range(count):
            b = bits(8)
            yield ugly[i] if i in ugly else f"{_TOPICS[b & 15]} {_KINDS[b >> 4]} {i + 1}"


def _burst(count: int) -> int:
    return BURST if count >= 1_000 else count // 2  # noqa: PLR2004 -- where 600 leaves others


def _edges(changes: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Yield instants around clock changes, the telling ones first for accounts of few rows."""
    folds = [change for change in changes if change[1] < 0][:2]
    gaps = [change for change in changes if change[1] > 0][:2]
    for at, jump in folds:
        # The same time on the wall, once before and once after the clock goes back.
        yield from (at + jump // 2, at - jump // 2)
    for at, _ in gaps:
        yield from (at - 1, at)
    for at, jump in folds:
        yield from (at - 1, at, at + jump, at - jump - 1, at + jump - 1, at - jump)
    for at, _ in gaps:
        yield from (at + 1, at + 1_800)


def person(number: int) -> tuple[str, str, str, str]:
    """First name, last name, address at example.com, company."""
    first, last = _FIRST[number & 15], _LAST[number >> 4 & 15]
    return first, last, f"person.{number}@example.com", _COMPANIES[number % len(_COMPANIES)]
