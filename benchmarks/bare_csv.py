"""The least that can be done with CSV files in Python: csv, dict, json. No types, no times.

python benchmarks/bare_csv.py STREAM FILE...
"""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime
from pathlib import Path


def main() -> None:
    """Write the rows of the files to stdout as RECORD lines."""
    stream, *files = sys.argv[1:]
    write = sys.stdout.write
    extracted = datetime.now(UTC).isoformat()
    for name in files:
        with Path(name).open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            header = next(rows)
            for row in rows:
                message = {
                    "type": "RECORD",
                    "stream": stream,
                    "record": dict(zip(header, row, strict=True)),
                    "time_extracted": extracted,
                }
                write(json.dumps(message) + "\n")


if __name__ == "__main__":
    main()
