"""Pardot in Dagster: one partition for each month of each business unit."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import tap

BY_MONTH, WHOLE = tap.streams()
UNIT = dg.StaticPartitionsDefinition(tap.units())
# The current month is a partition, too. Its runs go on from its STATE.
MONTH = dg.MonthlyPartitionsDefinition(start_date=tap.first_month(), end_offset=1)
UNIT_AND_MONTH = dg.MultiPartitionsDefinition({"unit": UNIT, "month": MONTH})
STOPPED_BY_PARDOT = 2  # an exit code of the tap


class Options(dg.Config):
    """What a run may be given.

    Attributes:
        settings: Settings of the tap, for this run only.
        retries: How often Dagster runs the tap again after exit code 2.
        retry_after: Seconds until then.
    """

    settings: dict[str, Any] = {}  # noqa: RUF012 - each run gets a copy
    retries: int = 3
    retry_after: int = 900


def specs(streams: list[str]) -> list[dg.AssetSpec]:
    """Return an asset for each stream. A stream may be skipped: the user may not read it."""
    return [dg.AssetSpec(["pardot", stream], skippable=True) for stream in streams]


@dg.multi_asset(specs=specs(BY_MONTH), partitions_def=UNIT_AND_MONTH, can_subset=True)
def pardot_by_month(
    context: dg.AssetExecutionContext, config: Options
) -> Iterator[dg.MaterializeResult]:
    """Read the rows that changed last in one month."""
    month, unit = context.partition_key.split("|")
    window = context.partition_time_window
    dates = {"start_date": window.start.isoformat(), "end_date": window.end.isoformat()}
    yield from materialize(context, config, unit, month, dates)


@dg.multi_asset(specs=specs(WHOLE), partitions_def=UNIT, can_subset=True)
def pardot_whole(
    context: dg.AssetExecutionContext, config: Options
) -> Iterator[dg.MaterializeResult]:
    """Read the streams without a window: full tables, children, and streams that go by id."""
    yield from materialize(context, config, context.partition_key, "whole", {})


def materialize(
    context: dg.AssetExecutionContext, config: Options, unit: str, part: str, dates: dict[str, str]
) -> Iterator[dg.MaterializeResult]:
    """Run the tap; yield what became of each stream."""
    streams = [key.path[-1] for key in context.selected_asset_keys]
    run = tap.run(unit, part, streams, {**config.settings, **dates}, context.log)
    if run.target_exit_code:
        raise dg.Failure(f"The target ended with exit code {run.target_exit_code}.")
    if run.exit_code == STOPPED_BY_PARDOT:
        raise dg.RetryRequested(config.retries, config.retry_after)
    for stream in run.streams_with("done"):
        metadata = {name: run.streams[stream][name] for name in ("rows", "calls", "reached")}
        yield dg.MaterializeResult(asset_key=["pardot", stream], metadata=metadata)
    # Exit code 0 with stopped streams: daily_call_limit has been reached.
    if run.exit_code or run.streams_with("stopped"):
        raise dg.Failure(run.sentence, allow_retries=False)


by_month = dg.define_asset_job("by_month", [pardot_by_month])
whole = dg.define_asset_job("whole", [pardot_whole])


@dg.schedule(job=by_month, cron_schedule="5 * * * *")
def every_hour() -> list[dg.RunRequest]:
    """Read what has changed in the current month, and the rest of the month before it."""
    return [
        dg.RunRequest(partition_key=dg.MultiPartitionKey({"unit": unit, "month": month}))
        for unit in UNIT.get_partition_keys()
        for month in MONTH.get_partition_keys()[-2:]
    ]


@dg.schedule(job=whole, cron_schedule="35 2 * * *")
def every_night() -> list[dg.RunRequest]:
    """Read the streams without a window."""
    return [dg.RunRequest(partition_key=unit) for unit in UNIT.get_partition_keys()]


defs = dg.Definitions(
    assets=[pardot_by_month, pardot_whole],
    jobs=[by_month, whole],
    schedules=[every_hour, every_night],
    executor=dg.in_process_executor,  # a run has one step
)
