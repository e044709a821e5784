"""The frame of seeded rows: how many there are, their ids, times and names."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from pardot_emulator.dates import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Row: TypeAlias = dict[str, Any]

# Longer than the two years that hold the last two autumns.
HISTORY = 3 * 365 * DAY
# No row is newer than this, so that a run's safety margin never hides a seeded row.
QUIET = 3_600
# More than two pages of 200 in one second, as after an import or a mass change (F.1).
BURST = 600
BURST_AGE = 40 * DAY

# The first six become numbers in answers; the others strain quoting, escaping and encodings.
UGLY = (
    *("15555555555", "02190", "2024", "1e5", "007", "1.50"),
    "Quotes \"double\", 'single' and `tick`",
    "Comma, semicolon; pipe| tab\tend",
    "Two\r\nlines and\na third\rand a fourth",
    "Emoji 🚀👩‍👩‍👧, naïve, 日本語, עברית",
    '<b>HTML</b> &amp; <a href="https://example.com/?a=1&b=2">link</a>',
    "100%% off for %%first_name%%",
    "  spaces around  ",
    *("null", "true", "back\\slash \\n \\u0041", "=1+1", "-"),
    "Long name " + "0123456789 " * 50,
)

# With leading characters that a CSV file marks with a backslash (D.9).
PROSE = (*UGLY, "+1 (555) 010-0100", "@handle", "=HYPERLINK(1)", "@", '"', ",", "a;b")


def words(sentence: str) -> tuple[str, ...]:
    """Return the words of a sentence."""
    return tuple(sentence.split())


_TOPICS = words(
    "Spring Summer Autumn Winter Partner Customer Webinar Product "
    "Newsletter Renewal Welcome Regional Enterprise Trial Event Research"
)
_KINDS = words(
    "Subscribers Invitees Launch Survey Guide Leads Update Series "
    "Audience Program Follow-up Nurture Offer Registrants Report Digest"
)
_FIRST = words("Ada Bo Chloé Dmitri Eve Farid Grace Hiro Inés Jonas Kofi Lena Mei Nils Oya Zoë")
_LAST = words("Adler Berg O'Neil Cruz Dube Ek Fox Gül Ivers Jha Kim Li Moreau Núñez Ortiz Sato")
_COMPANIES = ("Acme", "Globex, Inc.", 'The "Widget" Co', "Müller & Söhne", "Initech", "Umbrella")


class Draw(NamedTuple):
    """What one row is made from."""

    place: int  # counted from 0
    id: int
    created: int  # epoch seconds, as the next
    updated: int
    name: str  # for objects that are named
    bits: int  # random bits, as many as the object asks for
    random: Random  # more random numbers

    def pick(self, *values: Any) -> Any:
        """Return one of the values."""
        return values[self.bits % len(values)]


class Seed(NamedTuple):
    """How the rows of an object are made."""

    make: Callable[[World, Draw], Row]  # makes a row; id, name and times are added
    first: int  # smallest id
    most: int | None = None  # largest number of rows; None: as many as asked for
    bits: int = 0  # random bits per row
    named: bool = False  # rows have names
    # Columns of the times. Rows with one time are events: they never change, and many share a
    # second. Without any, times are not drawn.
    times: tuple[str, ...] = ("created_at", "updated_at")
    ids: Callable[[World], list[int]] | None = None  # ids in place of the usual ones
    # Makes columns of version 5 of a row that is made.
    more: Callable[[World, Mapping[str, Any]], Row] | None = None


def clock_changes(timezone: str, now: int) -> list[tuple[int, int]]:
    """Return the clock changes of a zone in the two years or so before ``now``, newest first.

    A change is its time (epoch seconds) and the seconds that local time jumps, negative in autumn.
    Those of the last two hours are left out.
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


@dataclass(eq=False)
class World:
    """What the makers of rows share: sizes, ids, times and the edges of the zone's clock."""

    seed: int
    rows: int
    timezone: str
    now: int
    seeds: Mapping[str, Seed]
    sizes: Mapping[str, int]  # numbers of rows in place of the usual ones

    def __post_init__(self) -> None:
        self.edges = list(_edges(clock_changes(self.timezone, self.now)))
        self._ids: dict[str, list[int]] = {}

    def size(self, name: str) -> int:
        """Return the number of rows of an object."""
        most = self.seeds[name].most
        return self.sizes.get(name, self.rows if most is None else min(self.rows, most))

    def ids(self, name: str) -> list[int]:
        """Return ids that grow with uneven steps and are known without making the rows."""
        if name not in self._ids:
            first, seed = self.seeds[name].first, self.seed
            self._ids[name] = [
                first + 3 * i + ((i + seed) * 2_654_435_761 >> 9) % 3
                for i in range(self.size(name))
            ]
        return self._ids[name]

    def one_of(self, name: str, number: int) -> int:
        """Return the id of one row of an object; the same one for the same number."""
        ids = self.ids(name)
        return ids[number % len(ids)]

    def make(self, name: str) -> Iterator[Row]:
        """Make the rows of an object. They do not depend on which others are made."""
        how = self.seeds[name]
        random = Random(f"{self.seed}:{name}")  # noqa: S311 -- rows, not secrets
        created: Sequence[int] = [0] * self.size(name)
        updated = created
        if how.times:
            changes = len(how.times) > 1
            created = self.created(name, random, burst=not changes)
            updated = self.updated(created, random) if changes else created
        names = self.names(name, random) if how.named else repeat("")
        ids = self.ids(name) if how.ids is None else how.ids(self)
        draws = zip(range(len(ids)), ids, created, updated, names, strict=False)
        for place, key, at, changed, called in draws:
            bits = random.getrandbits(how.bits) if how.bits else 0
            row = how.make(self, Draw(place, key, at, changed, called, bits, random))
            named = {"name": called} if how.named else {}
            made = {"id": key, **named, **dict(zip(how.times, (at, changed), strict=False)), **row}
            yield made if how.more is None else {**made, **how.more(self, made)}

    def created(self, name: str, rnd: Random, *, burst: bool) -> list[int]:
        """Return times of creation, growing; with ``burst`` many of them in one second."""
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
        """Return times of the last change: a third never, many in one second, some on edges."""
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

    def names(self, name: str, rnd: Random) -> Iterator[str]:
        """Yield names, the ugly ones spread evenly among the plain."""
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
    """Yield instants around clock changes, the clearest ones first for accounts of few rows."""
    folds = [change for change in changes if change[1] < 0][:2]
    gaps = [change for change in changes if change[1] > 0][:2]
    for at, jump in folds:
        # The same local time, once before and once after the clock goes back.
        yield from (at + jump // 2, at - jump // 2)
    for at, _ in gaps:
        yield from (at - 1, at)
    for at, jump in folds:
        yield from (at - 1, at, at + jump, at - jump - 1, at + jump - 1, at - jump)
    for at, _ in gaps:
        yield from (at + 1, at + 1_800)


def person(number: int) -> tuple[str, str, str, str]:
    """Return first name, last name, address at example.com, company."""
    first, last = _FIRST[number & 15], _LAST[number >> 4 & 15]
    return first, last, f"person.{number}@example.com", _COMPANIES[number % len(_COMPANIES)]
