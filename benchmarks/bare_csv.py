"""The least that a tap must do with the CSV files of an export: csv, types, UTC, RECORD lines.

    python benchmarks/bare_csv.py STREAM KINDS FILE...

KINDS is a JSON object: by column of the files, "integer", "number", "boolean", "date-time", "array"
or "string". No checks, no selection, no STATE, no SDK.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

from bare import CONVERTERS, Lines


def main() -> None:
    """Write the rows of the files to stdout as RECORD lines."""
    stream, kinds, *files = sys.argv[1:]
    types: dict[str, str] = json.loads(kinds)
    lines = Lines(stream)
    for name in files:
        with Path(name).open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            plan = [(column, CONVERTERS.get(types[column])) for column in next(rows)]
            for row in rows:
                record = {}
                for (column, convert), cell in zip(plan, row, strict=True):
                    if not cell:
                        record[column] = None
                    elif convert is None:
                        record[column] = cell
                    else:
                        record[column] = convert(cell)
                lines.write(record)
    lines.flush()


if __name__ == "__main__":
    main()
