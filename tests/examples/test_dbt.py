"""``examples/dbt``: its models and the queries of the documentation, on a real PostgreSQL."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pardot_emulator import Emulator
from tests.examples import dbt_expected as expected
from tests.examples.programs import run_program
from tests.helpers.catalog import select
from tests.helpers.docs import fences
from tests.helpers.postgres import running_postgres
from tests.helpers.runner import Runner, invoke
from tests.helpers.tables.activity_types import types
from tests.helpers.tables.markup import DOCS
from tests.third_party.environments import ROOT, TARGET_POSTGRES, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.helpers.postgres import Postgres

EXAMPLE = ROOT / "examples" / "dbt"
SOURCES = EXAMPLE / "models" / "sources.yml"
PAGE = DOCS / "modeling" / "queries.md"
SEEDED = "2026-06-01T12:00:00Z"
LATER = "2026-06-01T13:00:00Z"
# A database that is not in UTC, as that of a laptop.
ZONE = "Pacific/Auckland"
MAILS = {900_000_002: 990_000_001, 900_000_003: 990_000_001, 900_000_004: None}
"""By new e-mail, its list e-mail."""


class Warehouse:
    """A database that the tap fills through target-postgres, and dbt after it.

    Args:
        folder: Where their files go.
        emulator: The account.
        database: An empty database.
    """

    def __init__(self, folder: Path, emulator: Emulator, database: Postgres) -> None:
        self.emulator = emulator
        self._database = database
        self._tap = Runner(folder)
        self._state: Any = None
        self._target = folder / "target.json"
        settings = {"sqlalchemy_url": database.url, "default_target_schema": "tap_pardot"}
        self._target.write_text(json.dumps(settings))
        self._project = folder / "dbt"
        shutil.copytree(EXAMPLE, self._project, ignore=shutil.ignore_patterns("target", "logs"))
        requirements = (EXAMPLE / "requirements.txt").read_text().split()
        self._dbt = environment(*requirements) / "dbt"

    def load(self) -> None:
        """Run the tap into the target, after the STATE of the last run."""
        run = self._tap.run(self.emulator.config, state=self._state)
        assert run.exit_code == 0, run.stderr
        self._state = run.state
        target = environment(TARGET_POSTGRES) / "target-postgres"
        self._run(target, "--config", self._target, input=run.stdout, env={"PGTZ": "UTC"})

    def dbt(self, *arguments: str) -> str:
        """Run dbt and return what it printed."""
        database = self._database
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._project),
            "PGHOST": str(database.socket),
            "PGUSER": "postgres",
            "PGDATABASE": database.database,
        }
        command = (self._dbt, "--no-use-colors", *arguments)
        return self._run(*command, cwd=self._project, env=variables)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query, with floats for numbers."""
        found = self._database.rows(query)
        return [{name: _plain(value) for name, value in row.items()} for row in found]

    def types(self, table: str) -> dict[str, str]:
        """Return the types of a table's columns."""
        found = self._database.query(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            f"WHERE attrelid = 'tap_pardot.{table}'::regclass AND attnum > 0"
        )
        return dict(found)

    @staticmethod
    def _run(*command: Any, **options: Any) -> str:
        done = run_program(command, **options)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Give the account whose figures the page shows."""
    with Emulator(
        rows=300,
        seed=3,
        timezone="Asia/Kolkata",  # without clock changes: the hour that comes twice has one time
        clock=SEEDED,
        export_seconds=0.01,
        numeric_strings="none",  # else names such as 1e5 are not what they were
    ) as server:
        yield server


@pytest.fixture
def warehouse(tmp_path: Path, emulator: Emulator) -> Iterator[Warehouse]:
    """Give an empty database."""
    with running_postgres() as database:
        database.query(f"ALTER DATABASE postgres SET timezone = '{ZONE}'")
        yield Warehouse(tmp_path, emulator, database)


def made_sources(catalog: str) -> str:
    """Return what the command of the README makes of a catalog."""
    command = [sys.executable, EXAMPLE / "sources.py"]
    done = subprocess.run(command, input=catalog, capture_output=True, text=True, check=True)
    return done.stdout


def columns_of(text: str) -> dict[str, dict[str, str]]:
    """Return by table of the sources the types of its columns."""
    (source,) = yaml.safe_load(text)["sources"]
    return {
        table["name"]: {column["name"]: column["data_type"] for column in table["columns"]}
        for table in source["tables"]
    }


def test_the_sources_are_made_from_the_catalog_that_the_tap_discovers():
    catalog = invoke("--discover").stdout

    assert made_sources(catalog) == SOURCES.read_text()


def test_the_sources_have_only_what_the_catalog_selects():
    catalog = select("lists", "tags", columns={"lists": ["name"]})

    found = columns_of(made_sources(json.dumps(catalog)))

    assert {name: [*columns] for name, columns in found.items()} == {
        "lists": ["id", "name", "updated_at"],
        "tags": ["id", "name", "created_at", "updated_at"],
    }


@pytest.mark.examples
def test_models_and_queries_say_what_the_account_holds(warehouse, emulator, subtests):
    warehouse.load()
    for number, query in enumerate(queries()):
        with subtests.test("the page shows what a query prints", query=number):
            assert printed(warehouse.rows(query)) == shown()[number]

    for table, columns in columns_of(SOURCES.read_text()).items():
        with subtests.test("a source has the types of its table", table=table):
            assert columns.items() <= warehouse.types(table).items()

    change(emulator)
    warehouse.load()
    warehouse.dbt("build")

    compare = partial(agree, warehouse, subtests)
    compare("funnel_by_month", expected.funnel_by_month(emulator))
    compare("email_performance", expected.email_performance(emulator))
    compare("campaign_influence", expected.campaign_influence(emulator))
    compare("current_list_members", expected.current_list_members(emulator))
    names = {int(row["type"]): row["name"] for row in types()}
    compare("prospect_timeline", expected.prospect_timeline(emulator, names))
    models = ("funnel_by_month", "email_performance", "current_list_members")
    for query, model in zip(queries(), models, strict=True):
        compare(model, warehouse.rows(query.split("LIMIT")[0]))

    in_zone = ("funnel_by_month", "current_list_members")
    warehouse.dbt("run", "--select", *in_zone, "--vars", f"{{timezone: {ZONE}}}")
    compare("funnel_by_month", expected.funnel_by_month(emulator, ZONE))
    compare("current_list_members", expected.current_list_members(emulator, ZONE))


def agree(warehouse: Warehouse, subtests: Any, model: str, rows: list[dict[str, Any]]) -> None:
    """Compare a model with rows, in the columns that these have."""
    with subtests.test(model=model):
        assert rows
        found = warehouse.rows(f"SELECT * FROM pardot.{model}")
        cut = [{name: row[name] for name in rows[0]} for row in found]
        assert sorted(cut, key=_key) == [_roughly(row) for row in sorted(rows, key=_key)]


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return str(next(iter(row.values()))), str(row.get("prospect_id"))


def _roughly(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row that equals one whose numbers are rounded otherwise."""
    floats = {name: pytest.approx(v, abs=0.011) for name, v in row.items() if type(v) is float}
    return {**row, **floats}


# --- the page ---


def queries() -> list[str]:
    """Return the queries of the page."""
    return [each.text for each in fences(PAGE.read_text()) if each.language == "sql"]


def shown() -> list[list[list[str]]]:
    """Return the cells of the results that the page shows."""
    blocks = [each.text for each in fences(PAGE.read_text()) if each.language == "text"]
    return [
        [
            [cell.strip() for cell in line.split("|")]
            for line in block.splitlines()
            if not line.startswith(("-", "("))
        ]
        for block in blocks
    ]


def printed(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return the cells that psql prints of rows."""
    return [[*rows[0]], *([_cell(value) for value in row.values()] for row in rows)]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, float):
        return f"{value:.2f}"
    return "" if value is None else str(value)


# --- what a model could overlook ---

SENT, UNKNOWN_TYPE = 6, 99
ABSENT = 4  # an id that no row has
CHANGED = "2026-06-01T12:30:00Z"


def change(emulator: Emulator) -> None:
    """Change rows, and add some that are not joined easily."""
    won = [row for row in emulator.rows("opportunity") if row["status"] == "Won"]
    late = max((row for row in won if row["prospects"]), key=lambda row: row["closed_at"])
    emulator.update("opportunity", late["id"], prospects=[], updated_at=CHANGED)
    members = [row for row in emulator.rows("listMembership") if not row["deleted"]]
    emulator.update(
        "listMembership", [r["id"] for r in members[:3]], deleted=True, updated_at=CHANGED
    )
    prospects = [row["id"] for row in emulator.rows("prospect") if not row["deleted"]]
    emulator.update("prospect", prospects[:20], deleted=True, updated_at=CHANGED)
    binned = [row["id"] for row in emulator.rows("prospect") if row["deleted"]]
    emulator.update("prospect", binned[-3:], deleted=False, updated_at=CHANGED)
    who = {"prospect_id": prospects[30], "created_at": CHANGED, "updated_at": CHANGED}
    # Two e-mails of one list e-mail, one without, and a new activity of an old one.
    emulator.add("email", [{"id": n, "name": f"Version {n}", "created_at": CHANGED} for n in MAILS])
    activities = emulator.rows("visitorActivity")
    old = next(row for row in activities if row["type"] == SENT and row["list_email_id"])
    mails = [*MAILS.items(), (old["email_id"], old["list_email_id"])]
    first = activities[-1]["id"] + 1
    emulator.add(
        "visitorActivity",
        [
            {"id": first + n, "type": SENT, "email_id": mail, "list_email_id": list_email, **who}
            for n, (mail, list_email) in enumerate(mails)
        ],
    )
    emulator.add("visitorActivity", [{"id": first + 10, "type": UNKNOWN_TYPE, **who}])
    # A list and a prospect that the API user may not see, and a second membership.
    pairs = (
        (ABSENT, prospects[30]),
        (ABSENT, ABSENT),
        (members[-1]["list_id"], members[-1]["prospect_id"]),
    )
    emulator.update("listMembership", members[-1]["id"], opted_out=True, updated_at=CHANGED)
    stray = {"created_at": CHANGED, "updated_at": CHANGED}
    emulator.add(
        "listMembership",
        [
            {"id": members[-1]["id"] + n, "list_id": to, "prospect_id": of, **stray}
            for n, (to, of) in enumerate(pairs, 1)
        ],
    )
    emulator.set(clock=LATER)
