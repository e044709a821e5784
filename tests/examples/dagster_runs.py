"""Prints the runs and materializations of a Dagster instance, when so many runs have ended.

Dagster's own Python runs this: ``python dagster_runs.py COUNT``.
"""

from __future__ import annotations

import json
import sys
import time

import dagster as dg


def main() -> None:
    with dg.DagsterInstance.get() as instance:
        while len(runs := ended(instance)) < int(sys.argv[1]):
            time.sleep(0.5)
        json.dump({"runs": runs, "materializations": materializations(instance)}, sys.stdout)


def ended(instance: dg.DagsterInstance) -> list[dict[str, object]]:
    """Return the runs that have ended."""
    return [
        {
            "status": record.dagster_run.status.value,
            "start": taken_from_queue(instance, record.dagster_run.run_id),
            "end": record.end_time,
            "tags": dict(record.dagster_run.tags),
        }
        for record in instance.get_run_records()
        if record.dagster_run.is_finished
    ]


def taken_from_queue(instance: dg.DagsterInstance, run_id: str) -> float:
    """Return when the queue has let a run go."""
    kind = dg.DagsterEventType.RUN_STARTING
    event = instance.get_records_for_run(run_id, of_type=kind).records[0]
    return event.timestamp


def materializations(instance: dg.DagsterInstance) -> list[dict[str, object]]:
    """Return all materializations."""
    return [
        {
            "stream": key.path[-1],
            "partition": record.partition_key,
            "metadata": {
                name: entry.value
                for name, entry in record.asset_materialization.metadata.items()
                if not name.startswith("dagster")
            },
        }
        for key in instance.all_asset_keys()
        for record in instance.fetch_materializations(key, limit=1000).records
    ]


main()
