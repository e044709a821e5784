"""Reads Pardot through the tap into DuckDB, and keeps the tap's STATE in the state of dlt.

``python pardot.py config.json`` exits as the tap does. What has arrived is loaded in any case.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import count, groupby
from tempfile import NamedTemporaryFile
from typing import Any

import dlt

TYPES = {"boolean": "bool", "integer": "bigint", "number": "double", "string": "text"}
TIMES = {"date": "date", "date-time": "timestamp"}
ORDER = "_singer_order"  # of two rows with the same key, the one that came last stays


@dlt.resource(max_table_nesting=0)
def pardot(config: str, exit_codes: list[int]) -> Iterator[Any]:
    """Yield the tap's rows, and the columns and keys of their tables."""
    state, order = dlt.current.resource_state(), count()
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(state.get("singer", {}), file)
        file.flush()
        command = ["tap-pardot", "--config", config, "--state", file.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as tap:
            parsed = map(json.loads, tap.stdout)
            for (kind, stream), same in groupby(parsed, lambda m: (m["type"], m.get("stream"))):
                if kind == "SCHEMA":
                    yield dlt.mark.with_hints([], hints(*same), create_table_variant=True)
                elif kind == "RECORD":
                    rows = [{**message["record"], ORDER: next(order)} for message in same]
                    yield dlt.mark.with_table_name(rows, stream)
                elif kind == "STATE":
                    state["singer"] = list(same)[-1]["value"]
    exit_codes.append(tap.returncode)


def hints(message: dict[str, Any]) -> Any:
    """Return what dlt should know about the table of a SCHEMA message."""
    columns = {ORDER: {"data_type": "bigint", "dedup_sort": "desc"}}
    for name, schema in message["schema"]["properties"].items():
        kind = next(each for each in schema["type"] if each != "null")
        data_type = TIMES.get(schema.get("format")) or TYPES.get(kind, "json")
        columns[name] = {"data_type": data_type}
    return dlt.mark.make_hints(
        table_name=message["stream"],
        primary_key=message["key_properties"],
        write_disposition="merge",
        columns=columns,
    )


if __name__ == "__main__":
    duckdb = dlt.destinations.duckdb("warehouse.duckdb")
    pipeline = dlt.pipeline("pardot", "pipelines", destination=duckdb, dataset_name="pardot")
    if pipeline.has_pending_data:
        pipeline.run()  # loads what an earlier run has read but could not load
    pipeline.run(pardot(sys.argv[1], exit_codes := []))
    for table, rows in sorted(pipeline.last_trace.last_normalize_info.row_counts.items()):
        print(f"{table:24}{rows:10,}")
    sys.exit(exit_codes[0])
