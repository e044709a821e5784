"""Which fields exports refuse, learnt by trying.

Pardot refuses a whole job for one field (codes 154 and 180), mostly without naming it; whether
it takes custom fields at all is in no document (reference D.8.4). What is found out here is
asked once in a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tap_pardot.errors import StreamFailed

    Offer = Callable[[Sequence[str]], bool]

BAD_FIELD = frozenset({154, 180})
"""Codes of a refused field (reference A.9)."""

ALL_CUSTOM = "*"
"""Stands for all custom fields in STATE."""

_ENOUGH = 3  # custom fields refused by name before it is asked whether any is taken
# Pardot's own words for the two codes (A.9): no field is meant by them.
_PHRASES = frozenset(
    {"Invalid", "property", "in", "request"}
    | {"One", "or", "more", "of", "the", "specified", "fields", "are", "invalid"}
)


class RejectedFields:
    """What exports of one stream refuse.

    Args:
        keys: Fields that every job has; without them there is no job.
        custom: The selected custom fields.
        fields: Fields that are known to be refused.
        kept: What an interrupted run had found out, as :meth:`kept` returned it.
    """

    def __init__(
        self, keys: Collection[str], custom: Collection[str], fields: set[str], kept: list[str]
    ) -> None:
        self._keys = keys
        self._custom = custom
        self.fields = fields
        """Fields that no job may have."""
        self.fields.update(name for name in kept if name != ALL_CUSTOM)
        self.all_custom = ALL_CUSTOM in kept
        """Whether that is true of every custom field."""
        self._some_custom = False  # whether one is known to be taken
        self._named = 0  # custom fields that were refused by name

    def kept(self) -> list[str]:
        """Return what STATE keeps while jobs are under way."""
        return sorted(self.fields) + ([ALL_CUSTOM] if self.all_custom else [])

    def without(self, fields: Sequence[str]) -> list[str]:
        """Return the fields that exports take, as far as is known by now."""
        custom = self._custom if self.all_custom else ()
        return [name for name in fields if name not in self.fields and name not in custom]

    def taken(self, fields: Sequence[str]) -> None:
        """Note that a job with these fields was created."""
        self._some_custom = self._some_custom or not set(self._custom).isdisjoint(fields)

    def learn(self, asked: Sequence[str], error: StreamFailed, offer: Offer) -> list[str]:
        """Find out what was refused; return the fields that are so from now on.

        Args:
            asked: The fields of the refused job.
            error: The refusal.
            offer: Whether a job with the keys and these fields is taken; leaves none behind.

        Raises:
            StreamFailed: The refusal was not about a field.
        """
        others = [name for name in asked if name not in self._keys]
        custom = [name for name in others if name in self._custom]
        named = [name for name in others if name in error.message_words - _PHRASES]
        if not others:
            raise error
        if named:
            bad = self._by_name(named, custom, offer)
        else:
            bad = self._by_halves(others, custom, error, offer)
        if self._custom and not self._some_custom and bad.union(self.fields) >= set(self._custom):
            self.all_custom = True
        if self.all_custom:
            bad -= set(self._custom)
            self.fields.difference_update(self._custom)
        self.fields.update(bad)
        return sorted(bad)

    def _by_name(self, named: list[str], custom: list[str], offer: Offer) -> set[str]:
        self._named += sum(name in custom for name in named)
        left = [name for name in custom if name not in named]
        if self._named >= _ENOUGH and not self._some_custom:
            self._doubt(left, offer)
        return set(named)

    def _by_halves(
        self, others: list[str], custom: list[str], error: StreamFailed, offer: Offer
    ) -> set[str]:
        standard = [name for name in others if name not in custom]
        bad: set[str] = set()
        if standard and not (custom and offer(standard)):
            if not offer([]):
                raise error
            bad = _culprits(standard, offer)
        if custom and (not bad or not offer(custom)):
            if not self._some_custom:
                self._doubt(custom, offer)
            if not self.all_custom:
                bad |= _culprits(custom, offer)
        return bad

    def _doubt(self, custom: Sequence[str], offer: Offer) -> None:
        """Ask whether any custom field is taken: the first and the last stand for all."""
        ends = dict.fromkeys((*custom[:1], *custom[-1:]))
        self._some_custom = any(offer([name]) for name in ends)
        self.all_custom = not self._some_custom


def _culprits(fields: Sequence[str], offer: Offer) -> set[str]:
    """Return those of some refused fields that are to blame, by halves."""
    if len(fields) == 1:
        return set(fields)
    halves = fields[: len(fields) // 2], fields[len(fields) // 2 :]
    bad = [_culprits(half, offer) for half in halves if not offer(half)]
    return set().union(*bad)
