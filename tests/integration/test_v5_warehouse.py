"""All streams under ``api_version`` 5 into target-postgres: every table holds what Pardot holds."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from examples.demo import held_under_5
from tests.helpers.versions import discovered, selected
from tests.integration.test_meltano import installed

if TYPE_CHECKING:
    from pathlib import Path

    from pardot_emulator import Emulator
    from tests.helpers.postgres import Postgres
    from tests.helpers.runner import Runner

__all__ = ["installed"]  # a fixture

NOW = "2024-12-01T12:00:00+00:00"
OWN_JOBS = {"exports"}
"""Tables of what the run itself makes."""


def test_every_table_has_as_many_rows_as_pardot(
    emulator: Emulator, tap: Runner, postgres: Postgres, installed: Path, tmp_path: Path
) -> None:
    emulator.set(clock=NOW, export_seconds=0)
    emulator.seed(rows=40)
    warehouse = postgres.create_database(tmp_path.name)
    config = {**emulator.config, "api_version": 5, "export_poll_interval": 1}

    run = tap.run(config, catalog=selected(discovered(tap, config)))
    settings = tmp_path / "target.json"
    settings.write_text(
        json.dumps({"sqlalchemy_url": warehouse.url, "default_target_schema": "tap_pardot"})
    )
    target = installed / ".meltano/loaders/target-postgres/venv/bin/target-postgres"
    loaded = subprocess.run(
        [target, "--config", settings],
        input=run.stdout,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.exit_code == 0, run.stderr
    assert loaded.returncode == 0, loaded.stderr[-3000:]
    counts, expected = warehouse.table_counts("tap_pardot"), held_under_5(emulator)
    assert counts.keys() == expected.keys()
    differences = {
        table: (number, expected[table])
        for table, number in counts.items()
        if table not in OWN_JOBS and number != expected[table]
    }
    assert differences == {}
