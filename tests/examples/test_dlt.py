"""``examples/dlt``: the tap's rows and STATE in DuckDB, through dlt, against an emulator."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from examples.demo import held_under_4
from tests.examples.programs import run_program
from tests.third_party.environments import ROOT, environment

if TYPE_CHECKING:
    import subprocess

    from pardot_emulator import Emulator

pytestmark = pytest.mark.examples

EXAMPLE = ROOT / "examples" / "dlt"
# Streams that every run reads whole.
FULL_TABLES = {
    *("account", "campaigns", "custom_fields", "lifecycle_stages", "opportunities"),
    *("opportunity_prospects", "users"),
}


class Pipeline:
    """The example in a folder of its own.

    Args:
        folder: Where its database and the files of dlt go.
        emulator: The account.
    """

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.programs = environment(*(EXAMPLE / "requirements.txt").read_text().split())
        self.folder = folder
        # dlt's own Python first, the one with the tap after it.
        path = [str(self.programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        self.variables = {
            **{name: v for name, v in os.environ.items() if not name.startswith("TAP_PARDOT")},
            "PATH": os.pathsep.join(path),
            "DLT_DATA_DIR": str(folder / "home"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        (folder / "home").mkdir()
        (folder / "config.json").write_text(json.dumps(emulator.config))

    def run(self) -> tuple[int, dict[str, int]]:
        """Run it; return its exit code and the rows that it loaded, by table."""
        done = self._python(str(EXAMPLE / "pardot.py"), "config.json")
        assert "Traceback" not in done.stderr, done.stderr
        found = re.findall(r"^([a-z]\w+) +(\d+)$", done.stdout, re.MULTILINE)
        return done.returncode, {table: int(rows) for table, rows in found}

    def replace_tap(self, *messages: dict[str, Any]) -> None:
        """Put a program in the tap's place that writes these messages."""
        (self.folder / "messages").write_text("".join(f"{json.dumps(m)}\n" for m in messages))
        program = self.folder / "tap-pardot"
        program.write_text(f"#!/bin/sh\ncat '{self.folder}/messages'\n")
        program.chmod(0o755)
        self.variables["PATH"] = f"{self.folder}{os.pathsep}{self.variables['PATH']}"

    def query(self, sql: str) -> list[Any]:
        """Return the rows of a query."""
        script = (
            "import duckdb, json, sys\n"
            "rows = duckdb.connect('warehouse.duckdb').execute(sys.argv[1]).fetchall()\n"
            "print(json.dumps(rows, default=str))"
        )
        done = self._python("-c", script, sql)
        assert done.returncode == 0, done.stderr
        found: list[Any] = json.loads(done.stdout)
        return found

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        tables = self.query(
            "SELECT table_name FROM duckdb_tables() "
            "WHERE schema_name = 'pardot' AND table_name NOT LIKE '\\_dlt%' ESCAPE '\\'"
        )
        each = (f"SELECT '{table}', count(*) FROM pardot.{table}" for (table,) in tables)
        return dict(self.query(" UNION ALL ".join(each)))

    def forget(self) -> None:
        """Remove the files of dlt: as on another machine, only the database is left."""
        shutil.rmtree(self.folder / "pipelines")

    def _python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_program(
            [self.programs / "python", *arguments], cwd=self.folder, env=self.variables
        )


@pytest.fixture
def pipeline(tmp_path: Path, emulator: Emulator) -> Pipeline:
    """The example, with the settings of the emulator."""
    return Pipeline(tmp_path, emulator)


def test_all_rows_arrive_and_the_second_run_loads_only_what_has_changed(pipeline, emulator):
    emulator.set(export_seconds=0.01)
    emulator.seed(seed=3, rows=100)
    # Runs create export jobs, so that there are more of them afterwards.
    held = {name: count for name, count in held_under_4(emulator).items() if name != "exports"}

    code, loaded = pipeline.run()

    assert code == 0
    assert loaded.pop("exports") >= 100
    counts = pipeline.counts()
    assert counts.pop("exports") >= 100
    assert loaded == counts == held

    changed = sorted(row["id"] for row in emulator.rows("prospect"))[:3]
    emulator.forward(600)
    emulator.update("prospect", changed, first_name="Renamed", updated_at=int(time.time()) + 300)
    pipeline.forget()
    code, loaded = pipeline.run()

    assert code == 0
    assert loaded.pop("exports") < 100
    assert loaded == {"prospects": 3, **{name: held[name] for name in FULL_TABLES}}
    counts = pipeline.counts()
    assert counts.pop("exports") >= 100
    assert counts == held
    found = pipeline.query(
        "SELECT id FROM pardot.prospects WHERE first_name = 'Renamed' ORDER BY id"
    )
    assert [row for (row,) in found] == changed


def test_a_run_that_pardot_ends_early_exits_with_2_and_the_next_goes_on(pipeline, emulator):
    emulator.add("list", [{"id": number} for number in range(1, 251)])
    emulator.fault(object="list", op="query", nth=2, code=122)

    code, loaded = pipeline.run()

    assert (code, loaded["lists"]) == (2, 200)

    code, loaded = pipeline.run()

    assert (code, loaded["lists"], pipeline.counts()["lists"]) == (0, 50, 250)


def test_of_rows_with_the_same_key_the_last_one_stays(pipeline):
    properties = {
        "id": {"type": ["integer"]},
        "sent_at": {"type": ["string", "null"], "format": "date-time"},
        "zip": {"type": ["string", "null"]},
        "colors": {"type": ["array", "null"], "items": {"type": ["string"]}},
    }
    rows = [
        {"id": 1, "sent_at": None, "zip": "02190", "colors": ["red"]},
        *({"id": 1, "sent_at": "2024-05-01T00:00:00+00:00", "zip": f"{n:05}"} for n in range(100)),
    ]
    pipeline.replace_tap(
        {
            "type": "SCHEMA",
            "stream": "lists",
            "schema": {"properties": properties},
            "key_properties": ["id"],
        },
        *({"type": "RECORD", "stream": "lists", "record": row} for row in rows),
    )

    assert pipeline.run()[0] == 0

    found = pipeline.query("SELECT id, zip, sent_at::DATE, colors FROM pardot.lists")
    assert found == [[1, "00099", "2024-05-01", None]]
