"""What the option ``--test`` reports: which streams can be read, and a list of what to mend.

It creates no export job and writes no message.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from tap_pardot.api.codes import ACCESS_DENIED, NO_RIGHT
from tap_pardot.api.dialect import Export, Query
from tap_pardot.errors import ENDS_RUN, Outage, StreamFailed, StreamSkipped, TapPardotError
from tap_pardot.streams.abilities import ability_of
from tap_pardot.streams.access import check
from tap_pardot.streams.hidden_rows import log_hidden_rows
from tap_pardot.streams.variants import V5
from tap_pardot.streams.ways import fix_parents
from tap_pardot.sync.account import usage_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_pardot.streams.abilities import Ability
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext

logger = logging.getLogger("tap-pardot")

WORKS, NOT_CHECKED, TO_FIX = "Works", "Not checked", "To fix"
"""The kinds of findings, in the order of the list."""


class Finding(NamedTuple):
    """A line of the list.

    Attributes:
        kind: One of the kinds.
        sentence: What was found.
    """

    kind: str
    sentence: str


def examine(streams: Mapping[str, PardotStream], sync: SyncContext) -> None:
    """Log for each stream whether it may be read, then what works and what to fix.

    Raises:
        TapPardotError: The whole run ends.
    """
    read = [each for each in streams.values() if each.selected and each.failure is None]
    needed_by = fix_parents(streams, read, sync)
    refused: dict[str, TapPardotError] = {}
    for name, stream in streams.items():
        try:
            found = check(stream, sync, needed_by.get(name))
        except TapPardotError as error:
            failure = sync.classify(error)
            # Without the time zone, version 5 can still read the other streams.
            if isinstance(failure, ENDS_RUN) and failure is not sync.zone_error:
                raise failure from error
            logger.warning("%s: cannot be read: %s", name, failure)
            if stream.selected:
                refused[name] = failure
        else:
            logger.info("%s: can be read%s.", name, found)
    readable = [each for each in streams.values() if each.selected and each.name not in refused]
    number = f"{len(readable)} of {len(readable) + len(refused)}"
    findings = [
        *_of_account(sync),
        Finding(WORKS, f"{number} streams can be read."),
        *_of_recycle_bin(readable),
        *_of_assigned_prospects(streams["prospects"], sync),
        # The time zone is in the list already, for all streams.
        *_of_refusals({n: each for n, each in refused.items() if each is not sync.zone_error}),
    ]
    for kind in (WORKS, NOT_CHECKED, TO_FIX):
        for each in (each for each in findings if each.kind == kind):
            level = logging.WARNING if kind == TO_FIX else logging.INFO
            logger.log(level, "%s: %s", *each)


def _of_account(sync: SyncContext) -> Iterator[Finding]:
    """Yield what is known of the login, the time zone and the calls that are left.

    Raises:
        TapPardotError: The whole run ends.
    """
    unit = sync.config["pardot_business_unit_id"]
    yield Finding(WORKS, f"the login, for the business unit {unit}, by API {sync.versions}.")
    if sync.has_version_4:  # the times of version 5 carry their offset
        yield _of_zone(sync)
    has_version_5 = sync.reads_version_5 and not sync.version_5.is_gone
    usage = usage_of(sync.client, sync.dialect_5) if has_version_5 else None
    edition_limit = sync.client.budget.edition_limit
    if usage is not None:
        left = max(usage.daily - usage.used, 0)
        yield Finding(WORKS, f"{left:,} of the day's {usage.daily:,} API calls are left.")
    elif edition_limit is not None:
        yield Finding(
            NOT_CHECKED,
            f"how many of the edition's {edition_limit:,} API calls of the day are left. Only "
            "version 5 reports it, with the ability Admin > Account > Edit Settings.",
        )


def _of_zone(sync: SyncContext) -> Finding:
    """Return what is known of the time zone."""
    if sync.zone_error is not None:
        return Finding(TO_FIX, str(sync.zone_error))
    whose = "the setting timezone" if sync.config.get("timezone") else "the API user's own"
    return Finding(
        NOT_CHECKED,
        f"the time zone {sync.zone_name} ({whose}). A run compares it with Pardot's clock before "
        "the first row.",
    )


def _of_recycle_bin(streams: Iterable[PardotStream]) -> Iterator[Finding]:
    """Yield of which streams deleted rows are read; a check creates no export job to try it."""
    with_flag = [each for each in streams if "is_deleted" in each.columns]
    listed = [each.name for each in with_flag if _lists_deleted(each)]
    exported = [
        each.name
        for each in with_flag
        if each.name not in listed and isinstance(each.endpoint, Export)
    ]
    if listed:
        yield Finding(WORKS, f"the recycle bin of {', '.join(listed)} can be listed.")
    if exported:
        yield Finding(
            NOT_CHECKED,
            f"the recycle bin of {', '.join(exported)}. A run may read it by export jobs, and a "
            "check creates none.",
        )


def _lists_deleted(stream: PardotStream) -> bool:
    """Return whether the query that was tried returns deleted rows too."""
    query = stream.endpoint if isinstance(stream.endpoint, Query) else stream.variant.query
    return stream.variant.dialect == V5 and query is not None and query.deleted


def _of_assigned_prospects(prospects: PardotStream, sync: SyncContext) -> Iterator[Finding]:
    """Yield whether the API user sees the prospects of others, as far as that can be seen.

    Where the versions can be compared, what they return is logged.

    Raises:
        TapPardotError: The whole run ends.
    """
    has_both = sync.has_version_4 and sync.zone_error is None
    if prospects.variant.dialect != V5 or not has_both:
        how = "" if sync.reads_version_5 else " Set api_version to 5 to compare both versions."
        yield Finding(
            NOT_CHECKED,
            "the ability View prospects not assigned to self, without which prospects may be "
            f"missing.{how}",
        )
        return
    try:
        log_hidden_rows(prospects, sync)
    except (StreamSkipped, StreamFailed, Outage) as error:
        yield Finding(NOT_CHECKED, f"whether version 5 hides prospects: {error}")


def _of_refusals(refused: Mapping[str, TapPardotError]) -> Iterator[Finding]:
    """Yield a sentence for each ability that is missing, and for each other reason."""
    by_ability: dict[Ability, list[str]] = {}
    by_reason: dict[str, list[str]] = {}
    for name, error in refused.items():
        if error.code in {NO_RIGHT, ACCESS_DENIED}:
            by_ability.setdefault(ability_of(name), []).append(name)
        else:
            by_reason.setdefault(str(error), []).append(name)
    for reason, names in by_reason.items():
        yield Finding(TO_FIX, f"{', '.join(names)}: {reason}")
    for ability, names in by_ability.items():
        path = ability.name.replace("*", "").replace("`", "")
        yield Finding(
            TO_FIX,
            f"{', '.join(names)}: the API user may not read {'it' if len(names) == 1 else 'them'}. "
            f"The ability that the user's role needs: {path}.",
        )
