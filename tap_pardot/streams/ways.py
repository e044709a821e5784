"""Which dialect reads a stream in a run, and what is done where it cannot.

The selected columns choose the dialect. A refusal of version 5 that comes before SCHEMA is written
lets versions 3 and 4 read the stream.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_pardot.api.codes import (
    INVALID_PARAMETER,
    NO_SUCH_ADDRESS,
    NO_SUCH_OBJECT,
    UNREADABLE_FIELD,
)
from tap_pardot.api.dialect import Export, Query, Record
from tap_pardot.errors import ENDS_RUN, Outage, StreamFailed, StreamSkipped
from tap_pardot.sources.export_creation import KeysRejected
from tap_pardot.streams.endpoints import endpoint_for, is_bulk, is_child, parents_of, query_instead
from tap_pardot.streams.same_ids import has_same_ids
from tap_pardot.streams.variants import V4, V5, lacked_by_version_5, lacks_of
from tap_pardot.sync.timezone import ensure_timezone_checked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from tap_pardot.api.dialect import Endpoint
    from tap_pardot.errors import TapPardotError
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.hooks import TapHooks
    from tap_pardot.streams.variants import Variant
    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.reading import Reading

logger = logging.getLogger("tap-pardot")


def choose(stream: PardotStream, columns: Collection[str]) -> Variant:
    """Return the variant that reads a stream: version 5, if it has all of these columns."""
    by_v4, by_v5 = stream.variants.get(V4), stream.variants.get(V5)
    if by_v4 is None or by_v5 is None:
        return by_v4 or stream.variants[V5]
    if isinstance(by_v5.endpoints[0], Record):  # version 4's record begins the run anyway
        return by_v5 if {*stream.v5_columns}.intersection(columns) else by_v4
    forces_export = is_bulk(stream) and stream.config.get("bulk_source") == "export"
    return by_v4 if forces_export or by_v5.lacks.intersection(columns) else by_v5


def by_version_5_alone(stream: PardotStream) -> Variant:
    """Return the variant for an account without versions 3 and 4.

    Raises:
        StreamSkipped: Only versions 3 and 4 have the stream.
    """
    variant = stream.variants.get(V5)
    if variant is None:
        raise StreamSkipped("Only versions 3 and 4 of the API have it, which the account lacks.")
    return replace(variant, lacks=variant.lacks | lacked_by_version_5(stream))


def reads_version_4(stream: PardotStream) -> bool:
    """Return whether versions 3 and 4 may read rows of a stream, whose times are local ones."""
    return stream.variant.dialect == V4 or isinstance(stream.endpoint, Export)


def fix_parents(
    streams: Mapping[str, PardotStream], children: Iterable[PardotStream], sync: SyncContext
) -> dict[str, str]:
    """Read parents by a dialect that has the columns, too, that their children need.

    Args:
        streams: All streams, by name.
        children: The child streams that are read.
        sync: The context of the run.

    Returns:
        By stream whose dialect is another one for that, the child.
    """
    needed_by = {}
    has_both = sync.has_version_4 and not sync.version_5.is_gone
    for child in children:
        for name, columns in parents_of(child).items():
            parent = streams[name]
            dialect = parent.variant.dialect
            _fix_parent(parent, sync, columns)
            if has_both and parent.variant.dialect != dialect:
                needed_by[name] = child.name
    return needed_by


def _fix_parent(stream: PardotStream, sync: SyncContext, columns: Collection[str]) -> None:
    if not sync.has_version_4 and V5 in stream.variants:
        _use_version_5_alone(stream)
    elif sync.version_5.is_gone and V4 in stream.variants:
        _use(stream, stream.variants[V4], columns)
    elif stream.variant.lacks.intersection(columns) and len(stream.variants) > 1:
        wanted = {*stream.selected_columns, *columns}
        _use(stream, choose(stream, wanted), wanted)


def _use(stream: PardotStream, variant: Variant, columns: Collection[str]) -> None:
    stream.use(variant, endpoint_for(stream, variant, columns))


def _use_version_5_alone(stream: PardotStream) -> None:
    """Leave versions 3 and 4 out; errors as of :func:`by_version_5_alone`."""
    variant = by_version_5_alone(stream)
    stream.variants = {V5: variant}
    stream.use(variant, variant.endpoints[0])


def lacked_columns(stream: PardotStream) -> frozenset[str]:
    """Return the columns that the stream cannot emit the way it is read."""
    lacks = stream.variant.lacks | stream.refused
    return lacks if stream.variant.dialect == V5 else lacks.union(lacks_of(stream.endpoint))


def fix_dialect(stream: PardotStream, hooks: TapHooks) -> None:
    """Fix the dialect of a stream where its place in the run depends on it.

    That is so where version 5 reads a stream that otherwise is a child of others, or lists the ids
    of one.

    Raises:
        TapPardotError: No dialect can read it.
    """
    sync, by_v4 = hooks.open_sync(), stream.variants.get(V4)
    avoids = stream.bookmark.avoids_version_5 or sync.version_5.is_gone
    if not sync.has_version_4:
        _use_version_5_alone(stream)
    elif by_v4 is not None and (avoids or not has_same_ids(stream, sync)):
        _use(stream, by_v4, stream.selected_columns)
    elif by_v4 is not None and by_v4.parents and is_child(stream):
        _check_list(stream, sync)
    elif by_v4 is not None and by_v4.parents:
        stream.settle()


def _check_list(stream: PardotStream, sync: SyncContext) -> None:
    """Let versions 3 and 4 read a child if version 5 refuses the list of its ids.

    It is asked until the list is read for the first time.

    Raises:
        TapPardotError: Nothing can be read.
    """
    endpoint = stream.endpoint
    complete = getattr(endpoint, "complete_parent", None)
    if complete is None or complete in (stream.stream_state.get("seen") or {}):
        return
    try:
        sync.client.call(stream.name, sync.dialect_5.probe(Query(endpoint.object)))
    except (StreamSkipped, StreamFailed, Outage) as error:
        stream.use(*another_way(stream, sync, error))


def attempt(stream: PardotStream, hooks: TapHooks, action: Callable[[Reading], None]) -> None:
    """Call ``action`` with the stream's reading, again with another one if Pardot refuses this way.

    Raises:
        TapPardotError: There is no other way.
    """
    while True:
        try:
            _check_presence(stream, hooks)
            action(stream.start())
        except KeysRejected as refusal:
            stream.use(stream.variant, query_instead(stream, refusal))
        except (StreamSkipped, StreamFailed, Outage) as error:
            stream.use(*another_way(stream, hooks.open_sync(), error))
        else:
            return
        hooks.renew_maps(stream)
        if is_child(stream):  # it is started with the other children
            return


def _check_presence(stream: PardotStream, hooks: TapHooks) -> None:
    """Check that the account has not lost the version that would read a stream.

    Raises:
        StreamFailed: Version 5 would read it, but the account does not have that.
    """
    if stream.variant.dialect == V5 and hooks.open_sync().version_5.is_gone:
        raise StreamFailed("The account lacks version 5 of the API.", NO_SUCH_ADDRESS)


def another_way(
    stream: PardotStream, sync: SyncContext, error: TapPardotError
) -> tuple[Variant, Endpoint]:
    """Return how a run reads a stream whose first page was refused by version 5; log it.

    Raises:
        TapPardotError: There is no other way, or the time zone is wrong.
    """
    variant, endpoint = way_that_is_left(stream, sync, error)
    if variant.dialect == V4:
        ensure_timezone_checked(sync)
    return variant, endpoint


def way_that_is_left(
    stream: PardotStream, sync: SyncContext, error: TapPardotError
) -> tuple[Variant, Endpoint]:
    """Return the same without a check of the time zone, which may create an export job.

    Raises:
        TapPardotError: There is no other way.
    """
    failure = sync.classify(error)
    if isinstance(failure, ENDS_RUN) or stream.variant.dialect != V5:
        raise failure
    is_missing = failure.code in {NO_SUCH_ADDRESS, NO_SUCH_OBJECT}
    if is_missing:
        sync.version_5.note_missing()
    by_v4 = stream.variants.get(V4)
    if by_v4 is not None and sync.has_version_4:
        if sync.zone_error is not None:
            raise StreamFailed(
                f"{failure.message} Versions 3 and 4 need the time zone: {sync.zone_error.message}",
                failure.code,
            )
        level = logging.INFO if is_missing else logging.WARNING
        logger.log(
            level, "%s: versions 3 and 4 are used, because of version 5: %s", stream.name, failure
        )
        return by_v4, endpoint_for(stream, by_v4, stream.selected_columns)
    is_of_request = failure.code in {INVALID_PARAMETER, UNREADABLE_FIELD}
    if is_of_request and (query := _with_fewer_filters(stream, failure)):
        return stream.variant, query
    raise StreamSkipped(failure.message, failure.code) if is_missing else failure


def late_failure(stream: PardotStream, sync: SyncContext, error: TapPardotError) -> TapPardotError:
    """Return the error of a stream whose SCHEMA is written, so that it is read no other way.

    Where version 5 has failed and versions 3 and 4 have the stream, STATE makes the next run begin
    with them, and a missing right is a failure.
    """
    if stream.variant.dialect == V4 or V4 not in stream.variants:
        return error
    failure = sync.classify(error)
    if isinstance(failure, ENDS_RUN):
        return failure
    stream.bookmark.note_failure_of_version_5(failed=True)
    if isinstance(failure, StreamSkipped):
        return StreamFailed(failure.message, failure.code)
    return failure


def _with_fewer_filters(stream: PardotStream, failure: TapPardotError) -> Query | None:
    """Return the query of a stream without the filter that is refused; log what that means.

    None if it has no filter any more.
    """
    query = stream.endpoint
    if not isinstance(query, Query):
        return None
    if query.deleted and "deleted" in failure.message_words:
        text = "%s: Pardot cannot list its recycle bin (code %s): only active rows are read."
        logger.warning(text, stream.name, failure.code)
        return replace(query, deleted=False)
    if query.time is None:
        return None
    logger.warning(
        "%s: Pardot cannot filter it by %s (code %s): all rows are read each time.",
        stream.name,
        query.time,
        failure.code,
    )
    return replace(query, time=None)


def log_way(stream: PardotStream, sync: SyncContext) -> None:
    """Log which version reads a stream, and which selected columns are left out.

    It is a warning where the user's own selection or setting leaves columns out.
    """
    emitted = {*stream.columns}
    missing = [name for name in stream.selected_columns if name not in emitted]
    if stream.variant.dialect == V5:
        logger.info("%s: read by version 5 of the API.", stream.name)
        _log_missing(stream, "only versions 3 and 4 have them", missing)
        return
    by_v5 = stream.variants.get(V5)
    causes = by_v5.lacks.intersection(stream.selected_columns) if by_v5 else ()
    if sync.reads_version_5:
        why = f", which alone have {', '.join(sorted(causes))}" if causes else ""
        logger.info("%s: read by versions 3 and 4 of the API%s.", stream.name, why)
    new = [name for name in missing if name in stream.variant.lacks]
    is_chosen = (causes or is_bulk(stream)) and not sync.version_5.may_be_gone
    level = logging.WARNING if is_chosen else logging.INFO
    _log_missing(stream, "only version 5 has them", new, level)
    others = [name for name in missing if name not in new]
    _log_missing(stream, "a query is the source, and only exports have them", others)


def _log_missing(
    stream: PardotStream, why: str, columns: Collection[str], level: int = logging.WARNING
) -> None:
    if columns:
        logger.log(level, "%s: left out, because %s: %s.", stream.name, why, ", ".join(columns))
