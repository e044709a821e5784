"""Whether version 5 hides rows from the API user without a warning, for the option ``--test``.

Versions 3 and 4 count the rows of a query whatever the user may see (reference v5 G).
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Filters
from tap_pardot.records.times import Window
from tap_pardot.sources.paging import QueryCalls, by_id
from tap_pardot.sources.query_probe import QueryProbe
from tap_pardot.streams.variants import V4, V5

if TYPE_CHECKING:
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext

logger = logging.getLogger("tap-pardot")

_SPANS = (timedelta(days=1), timedelta(hours=4), timedelta(hours=1))
_MOST_ROWS = 10_000
"""Where more rows have changed in a day, those of a shorter time are compared."""


def log_hidden_rows(stream: PardotStream, sync: SyncContext) -> None:
    """Compare the active rows that changed lately, as versions 4 and 5 have them; log the result.

    Args:
        stream: A stream of which both versions have a query.
        sync: The context of the run. The account has both versions, and the time zone is known.

    Raises:
        TapPardotError: Version 5 refuses the query, or the whole run ends.
    """
    by_v4, by_v5 = (stream.variants[each].query for each in (V4, V5))
    if by_v4 is None or by_v5 is None or by_v5.time is None:
        return
    call = sync.call_for(stream.name)
    probe = QueryProbe(QueryCalls(call, sync.dialect, by_v4, stream.name), by_v5.time)
    for span in _SPANS:
        window = Window(sync.end - span, sync.end)
        total = probe.count(window, deleted=False)
        if total is None or total <= _MOST_ROWS:
            break
    hours = f"{span // timedelta(hours=1)} hours"
    if not total or total > _MOST_ROWS:
        why = "No row has changed" if total == 0 else "Versions 3 and 4 do not count the rows"
        logger.info(
            "%s: %s in the last %s, so it is unknown whether version 5 hides some.",
            stream.name,
            why,
            hours,
        )
        return
    calls = QueryCalls(call, sync.dialect_5, by_v5, stream.name)
    filters = Filters(by_v5.time, *window, deleted=False, fields=("id",))
    seen = sum(len(page.rows) for page in by_id(calls, filters))
    if seen >= total:
        logger.info("%s: version 5 gives all %d rows of the last %s.", stream.name, seen, hours)
        return
    logger.warning(
        "%s: version 5 gives %d of the %d rows that have changed in the last %s, versions 3 and 4 "
        "give all: give the API user's role the ability View prospects not assigned to self, or "
        "set api_version to 4.",
        stream.name,
        seen,
        total,
        hours,
    )
