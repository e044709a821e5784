"""What the option ``--test`` reports: which streams can be read, and a list of what to mend.

It creates no export job and writes no message.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

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
    _log_account(sync)
    logger.info("Works: %d of %d streams can be read.", len(readable), len(readable) + len(refused))
    _log_recycle_bin(readable)
    _log_assigned_prospects(streams["prospects"], sync)
    # The time zone is in the list already, for all streams.
    others = {name: each for name, each in refused.items() if each is not sync.zone_error}
    for sentence in _to_fix(others):
        logger.warning("To fix: %s", sentence)


def _log_account(sync: SyncContext) -> None:
    """Log what is known of the account.

    Raises:
        TapPardotError: The whole run ends.
    """
    unit = sync.config["pardot_business_unit_id"]
    logger.info("Works: the login, for the business unit %s, by API %s.", unit, sync.versions)
    if sync.has_version_4:  # the times of version 5 carry their offset
        _log_zone(sync)
    _log_calls_left(sync)


def _log_zone(sync: SyncContext) -> None:
    """Log what is known of the time zone."""
    if sync.zone_error is not None:
        logger.warning("To fix: %s", sync.zone_error)
        return
    whose = "the setting timezone" if sync.config.get("timezone") else "the API user's own"
    logger.info(
        "Not checked: the time zone %s (%s). A run compares it with Pardot's clock before the "
        "first row.",
        sync.zone_name,
        whose,
    )


def _log_calls_left(sync: SyncContext) -> None:
    """Log how many calls of the day are left, if Pardot reports it.

    Raises:
        TapPardotError: The whole run ends.
    """
    has_version_5 = sync.reads_version_5 and not sync.version_5.is_gone
    usage = usage_of(sync.client, sync.dialect_5) if has_version_5 else None
    edition_limit = sync.client.budget.edition_limit
    if usage is not None:
        left = max(usage.daily - usage.used, 0)
        logger.info(
            "Works: %s of the day's %s API calls are left.", f"{left:,}", f"{usage.daily:,}"
        )
    elif edition_limit is not None:
        logger.info(
            "Not checked: how many of the edition's %s API calls of the day are left. Only version "
            "5 reports it, with the ability Admin > Account > Edit Settings.",
            f"{edition_limit:,}",
        )


def _log_recycle_bin(streams: Iterable[PardotStream]) -> None:
    """Log of which streams deleted rows are read; a check creates no export job to try it."""
    with_flag = [each for each in streams if "is_deleted" in each.columns]
    listed = [each.name for each in with_flag if _lists_deleted(each)]
    exported = [
        each.name
        for each in with_flag
        if each.name not in listed and isinstance(each.endpoint, Export)
    ]
    if listed:
        logger.info("Works: the recycle bin of %s can be listed.", ", ".join(listed))
    if exported:
        logger.info(
            "Not checked: the recycle bin of %s. A run may read it by export jobs, and a check "
            "creates none.",
            ", ".join(exported),
        )


def _lists_deleted(stream: PardotStream) -> bool:
    """Return whether the query that was tried returns deleted rows too."""
    query = stream.endpoint if isinstance(stream.endpoint, Query) else stream.variant.query
    return stream.variant.dialect == V5 and query is not None and query.deleted


def _log_assigned_prospects(prospects: PardotStream, sync: SyncContext) -> None:
    """Log whether the API user sees the prospects of others, as far as that can be seen.

    Raises:
        TapPardotError: The whole run ends.
    """
    has_both = sync.has_version_4 and sync.zone_error is None
    if prospects.variant.dialect != V5 or not has_both:
        how = "" if sync.reads_version_5 else " Set api_version to 5 to compare both versions."
        logger.info(
            "Not checked: the ability View prospects not assigned to self, without which prospects "
            "may be missing.%s",
            how,
        )
        return
    try:
        log_hidden_rows(prospects, sync)
    except (StreamSkipped, StreamFailed, Outage) as error:
        logger.warning("prospects: the versions cannot be compared: %s", error)


def _to_fix(refused: Mapping[str, TapPardotError]) -> Iterator[str]:
    """Yield a sentence for each ability that is missing, and for each other reason."""
    by_ability: dict[Ability, list[str]] = {}
    by_reason: dict[str, list[str]] = {}
    for name, error in refused.items():
        if error.code in {NO_RIGHT, ACCESS_DENIED}:
            by_ability.setdefault(ability_of(name), []).append(name)
        else:
            by_reason.setdefault(str(error), []).append(name)
    for reason, names in by_reason.items():
        yield f"{', '.join(names)}: {reason}"
    for ability, names in by_ability.items():
        path = ability.name.replace("*", "").replace("`", "")
        yield (
            f"{', '.join(names)}: the API user may not read {'it' if len(names) == 1 else 'them'}. "
            f"The ability that the user's role needs: {path}."
        )
