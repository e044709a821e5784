"""Finds out by trial jobs which fields Pardot refuses to export.

Pardot refuses a whole job because of one field (codes 154 and 180), mostly without its name. No
document says whether it exports custom fields at all (reference D.8.4). Each trial is made once in
a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tap_pardot.errors import StreamFailed

    Accepts = Callable[[Sequence[str]], bool]

ALL_CUSTOM = "*"
"""Stands for all custom fields in STATE."""

# After so many custom fields were refused by name, a trial shows whether any is accepted.
_NAMED_BEFORE_TRIAL = 3
# The words of Pardot's own sentences for the two codes (A.9), which name no field.
_PHRASES = frozenset(
    {"Invalid", "property", "in", "request"}
    | {"One", "or", "more", "of", "the", "specified", "fields", "are", "invalid"}
)


class RejectedFields:
    """The fields that exports of one stream refuse.

    Args:
        keys: Fields that every job must have.
        custom: The selected custom fields.
        stored: The result of an interrupted run, as :meth:`to_state` returned it.
    """

    def __init__(
        self, keys: Collection[str], custom: Collection[str], stored: Collection[str] = ()
    ) -> None:
        self._keys = keys
        self._custom = custom
        self.names = {name for name in stored if name != ALL_CUSTOM}
        """The refused fields."""
        self.all_custom = ALL_CUSTOM in stored
        """Whether all custom fields are refused; then :attr:`names` has none of them."""
        self._accepts_custom = False  # whether a job with a custom field was created
        self._custom_named = 0  # custom fields that were refused by name

    def to_state(self) -> list[str]:
        """Return the refused fields as STATE stores them."""
        return sorted(self.names) + ([ALL_CUSTOM] if self.all_custom else [])

    def accepted(self, fields: Sequence[str]) -> list[str]:
        """Return the given fields without those that are known to be refused."""
        custom = self._custom if self.all_custom else ()
        return [name for name in fields if name not in self.names and name not in custom]

    def note_accepted(self, fields: Sequence[str]) -> None:
        """Note that a job with these fields was created."""
        self._accepts_custom = self._accepts_custom or not set(self._custom).isdisjoint(fields)

    def bisect(self, fields: Sequence[str], error: StreamFailed, accepts: Accepts) -> list[str]:
        """Find out because of which fields a job was refused, store and return them.

        Args:
            fields: The fields of the refused job.
            error: The refusal.
            accepts: Returns whether a job with the keys and these fields is accepted.

        Returns:
            The newly refused fields, sorted. Custom fields are not among them if
            :attr:`all_custom` is set.

        Raises:
            StreamFailed: A job with the keys alone is refused too.
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
        """Return the fields that the refusal names; try custom fields if it named many."""
        self._custom_named += sum(name in custom for name in named)
        left = [name for name in custom if name not in named]
        if self._custom_named >= _NAMED_BEFORE_TRIAL and not self._accepts_custom:
            self._try_custom(left, accepts)
        return set(named)

    def _by_trial(
        self, others: list[str], custom: list[str], error: StreamFailed, accepts: Accepts
    ) -> set[str]:
        """Return the refused fields, found by halving; errors as of :meth:`bisect`."""
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
        """Find out whether custom fields are accepted at all, by trials of the first and last."""
        ends = dict.fromkeys((*custom[:1], *custom[-1:]))
        self._accepts_custom = any(accepts([name]) for name in ends)
        self.all_custom = not self._accepts_custom


def _bisect(fields: Sequence[str], accepts: Accepts) -> set[str]:
    """Return the refused fields among fields that were refused together."""
    if len(fields) == 1:
        return set(fields)
    halves = fields[: len(fields) // 2], fields[len(fields) // 2 :]
    rejected = [_bisect(half, accepts) for half in halves if not accepts(half)]
    return set().union(*rejected)
