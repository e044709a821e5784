"""Which fields exports refuse, found by trial.

Pardot refuses a whole job for one field (codes 154 and 180), mostly without its name. Whether
it exports custom fields at all is in no document (reference D.8.4). Each question is asked once
in a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tap_pardot.errors import StreamFailed

    Accepts = Callable[[Sequence[str]], bool]

ALL_CUSTOM = "*"
"""Stands for all custom fields in STATE."""

_ENOUGH = 3  # custom fields refused by name before a trial shows whether any is accepted
# Pardot's own sentences for the two codes (A.9): their words name no field.
_PHRASES = frozenset(
    {"Invalid", "property", "in", "request"}
    | {"One", "or", "more", "of", "the", "specified", "fields", "are", "invalid"}
)


class RejectedFields:
    """The fields that exports of one stream refuse.

    Args:
        keys: Fields that every job has; without them there is no job.
        custom: The selected custom fields.
        stored: What an interrupted run found out, as :meth:`to_state` returned it.
    """

    def __init__(
        self, keys: Collection[str], custom: Collection[str], stored: Collection[str] = ()
    ) -> None:
        self._keys = keys
        self._custom = custom
        self.names = {name for name in stored if name != ALL_CUSTOM}
        """Fields that no job can have."""
        self.all_custom = ALL_CUSTOM in stored
        """Whether no job can have any custom field; then :attr:`names` has none of them."""
        self._accepts_custom = False  # whether a job with a custom field was created
        self._custom_named = 0  # custom fields that were refused by name

    def to_state(self) -> list[str]:
        """Return what STATE has while there are jobs."""
        return sorted(self.names) + ([ALL_CUSTOM] if self.all_custom else [])

    def accepted(self, fields: Sequence[str]) -> list[str]:
        """Return those of some fields that are not known to be refused."""
        custom = self._custom if self.all_custom else ()
        return [name for name in fields if name not in self.names and name not in custom]

    def note_accepted(self, fields: Sequence[str]) -> None:
        """Note that a job with these fields was created."""
        self._accepts_custom = self._accepts_custom or not set(self._custom).isdisjoint(fields)

    def bisect(self, fields: Sequence[str], error: StreamFailed, accepts: Accepts) -> list[str]:
        """Find out which fields a job was refused for; return them, but for :attr:`all_custom`.

        Args:
            fields: The fields of the refused job.
            error: The refusal.
            accepts: Returns whether a job with the keys and these fields is accepted.

        Raises:
            StreamFailed: The job was not refused for any of its fields but the keys.
        """
        others = [name for name in fields if name not in self._keys]
        custom = [name for name in others if name in self._custom]
        named = [name for name in others if name in error.message_words - _PHRASES]
        if not others:
            raise error
        if named:
            rejected = self._by_name(named, custom, accepts)
        else:
            rejected = self._by_trial(others, custom, error, accepts)
        if self._custom and not self._accepts_custom:
            self.all_custom |= (rejected | self.names) >= set(self._custom)
        if self.all_custom:
            rejected -= set(self._custom)
            self.names.difference_update(self._custom)
        self.names.update(rejected)
        return sorted(rejected)

    def _by_name(self, named: list[str], custom: list[str], accepts: Accepts) -> set[str]:
        self._custom_named += sum(name in custom for name in named)
        left = [name for name in custom if name not in named]
        if self._custom_named >= _ENOUGH and not self._accepts_custom:
            self._try_custom(left, accepts)
        return set(named)

    def _by_trial(
        self, others: list[str], custom: list[str], error: StreamFailed, accepts: Accepts
    ) -> set[str]:
        standard = [name for name in others if name not in custom]
        rejected: set[str] = set()
        if standard and not (custom and accepts(standard)):
            if not accepts([]):
                raise error
            rejected = _bisect(standard, accepts)
        if custom and (not rejected or not accepts(custom)):
            if not self._accepts_custom:
                self._try_custom(custom, accepts)
            if not self.all_custom:
                rejected |= _bisect(custom, accepts)
        return rejected

    def _try_custom(self, custom: Sequence[str], accepts: Accepts) -> None:
        """Find out whether any custom field is accepted: the first and the last stand for all."""
        ends = dict.fromkeys((*custom[:1], *custom[-1:]))
        self._accepts_custom = any(accepts([name]) for name in ends)
        self.all_custom = not self._accepts_custom


def _bisect(fields: Sequence[str], accepts: Accepts) -> set[str]:
    """Return the refused ones of some fields that are refused together."""
    if len(fields) == 1:
        return set(fields)
    halves = fields[: len(fields) // 2], fields[len(fields) // 2 :]
    rejected = [_bisect(half, accepts) for half in halves if not accepts(half)]
    return set().union(*rejected)
