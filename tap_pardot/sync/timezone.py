"""Checks the time zone in a run that creates no export jobs.

Of versions 3 and 4, only an export job shows Pardot's local time beside an instant. With a wrong
zone, windows would hide rows, and records would have wrong times.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_pardot.api.codes import NO_SUCH_ADDRESS
from tap_pardot.api.dialect import Export, Record
from tap_pardot.errors import ENDS_RUN, Outage, RequestTooLarge, StreamFailed, StreamSkipped
from tap_pardot.records.times import Window
from tap_pardot.sources.export_jobs import ExportJobClient, JobSettings
from tap_pardot.sources.export_plan import JobSpec

if TYPE_CHECKING:
    from tap_pardot.sync.context import SyncContext

logger = logging.getLogger("tap-pardot")

_EXPORT = Export("prospect")
_LENGTH = timedelta(minutes=1)


def ensure_timezone_checked(sync: SyncContext) -> None:
    """Check the zone, unless this run or an earlier one has done so.

    Under ``api_version: 5`` the account's times by version 5 show it, which carry their offset.
    Where they do not, and under versions 3 and 4, an export job is created and canceled.

    STATE stores the result, so that this is done once for each zone. It is not done either if this
    run resumes jobs of an interrupted one: these show the zone.

    Raises:
        ConfigurationError: Pardot's own time shows that the zone is wrong.
        RunStopped: Pardot has no calls left, or cannot be reached.
    """
    if not sync.timezone_check.is_needed or len(sync.jobs) or _account_shows_zone(sync):
        return
    jobs = ExportJobClient(
        sync.call_for("account"),
        sync.dialect,
        stream="account",
        clock=sync.client.clock,
        tracker=sync.jobs,
        timezone_check=sync.timezone_check,
        settings=JobSettings(poll_interval=1, timeout=1, downloads=1),
    )
    window = Window(sync.end - _LENGTH, sync.end)
    try:
        job = jobs.create(_EXPORT, JobSpec(window, None, ("id", "updated_at"), ""))
        jobs.check_timezone_by(job)
        jobs.cancel(job.id)
    except (StreamSkipped, StreamFailed, RequestTooLarge) as error:
        _note_unchecked(sync, error.message)
    except Outage as outage:
        found = sync.classify(outage)
        if isinstance(found, ENDS_RUN):
            raise found from outage
        _note_unchecked(sync, found.message)
    else:
        if not sync.timezone_check.is_confirmed:
            _note_unchecked(sync, "Pardot shows no time of an export.")


def _account_shows_zone(sync: SyncContext) -> bool:
    """Return whether the account's times by version 5 agree with the zone.

    Raises:
        ConfigurationError: They show that the zone is wrong.
        RunStopped: Pardot has no calls left, or all of it is down.
    """
    if not sync.reads_version_5 or sync.version_5.is_gone:
        return False
    request = sync.dialect_5.record(Record("account"), ("id", "createdAt", "updatedAt"))
    try:
        account = sync.client.call("account", request)
    except (StreamSkipped, StreamFailed) as error:
        if error.code == NO_SUCH_ADDRESS:
            sync.version_5.note_missing()
        return False
    except Outage as outage:
        found = sync.classify(outage)
        if isinstance(found, ENDS_RUN):
            raise found from outage
        return False
    sync.timezone_check.check_offsets([account.get("createdAt"), account.get("updatedAt")])
    return sync.timezone_check.is_confirmed


def _note_unchecked(sync: SyncContext, why: str) -> None:
    """Log that the zone could not be checked, and why; store it, so that it is logged once."""
    logger.warning(
        "The setting timezone (%s) could not be compared with Pardot's own times: %s Check that it "
        "is the zone in the API user's Pardot settings.",
        sync.zone.key,
        why,
    )
    sync.timezone_check.note(confirmed=False)
