"""``meltano run tap-pardot target-postgres`` is what users run, so it is what is run here."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.helpers.meltano import PLUGINS, Meltano, as_environment
from tests.helpers.tables.plugin import DEFINITION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pardot_emulator import Emulator
    from tests.helpers.postgres import Postgres
    from tests.helpers.tap import Finished

CHECKOUT = Path(__file__).resolve().parents[2]
# What `pip install -e .` needs of a checkout.
SOURCES = ("LICENSE", "README.md", "meltano.yml", "pyproject.toml", "tap_pardot")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the checkout in which Meltano has installed both plugins.

    All workers of a test run share it; the first that needs it makes it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    project = shared / "meltano"
    with (shared / "meltano.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (project / "installed").exists():
            project.mkdir()
            for name in SOURCES:
                source = CHECKOUT / name
                copy = shutil.copytree if source.is_dir() else shutil.copy
                copy(source, project / name)
            Meltano(project, project, {}).run("install", *PLUGINS)
            (project / "installed").touch()
    return project


@pytest.fixture
def project(installed: Path, tmp_path: Path) -> Path:
    """Give a project of the test's own, on plugins that are there already."""
    shutil.copy(installed / "meltano.yml", tmp_path)
    (tmp_path / ".meltano").mkdir()
    for plugins in ("extractors", "loaders"):  # the rest is a run's own
        (tmp_path / ".meltano" / plugins).symlink_to(installed / ".meltano" / plugins)
    return tmp_path


@pytest.fixture
def empty_project(installed: Path, tmp_path: Path) -> Path:
    """Give a project without plugins, in which one loader is there already."""
    project = yaml.safe_load((installed / "meltano.yml").read_text())
    project["plugins"] = {"loaders": project["plugins"]["loaders"][:1]}
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "meltano.yml").write_text(yaml.safe_dump(project, sort_keys=False))
    (folder / ".meltano").mkdir()
    (folder / ".meltano" / "loaders").symlink_to(installed / ".meltano" / "loaders")
    return folder


@pytest.fixture
def wheel(installed: Path, tmp_path: Path) -> Path:
    """Give the tap's wheel."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, installed]
    subprocess.run(command, check=True)
    (found,) = tmp_path.glob("*.whl")
    return found


@pytest.fixture
def warehouse(postgres: Postgres, project: Path) -> Postgres:
    """Give an empty database; its time zone is not UTC, as that of many a laptop."""
    database = postgres.create_database(project.name)
    postgres.query(f"ALTER DATABASE \"{project.name}\" SET timezone = 'Pacific/Auckland'")
    return database


@pytest.fixture
def run(project: Path, emulator: Emulator, warehouse: Postgres) -> Callable[[], str]:
    """Give ``meltano run tap-pardot target-postgres``."""
    meltano = Meltano(
        project,
        project,
        as_environment("tap-pardot", emulator.config)
        | as_environment("target-postgres", {"sqlalchemy_url": warehouse.url}),
    )
    return lambda: meltano.run("run", *PLUGINS)


def configure(project: Path, **changes: Any) -> None:
    """Change the extractor's part of ``meltano.yml``, as a user with an editor does."""
    file = project / "meltano.yml"
    document = yaml.safe_load(file.read_text())
    extractor = document["plugins"]["extractors"][0]
    extractor |= changes
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def test_a_run_fills_postgres(emulator, run, warehouse, project):
    emulator.add("list", [{"id": n, "name": f"List {n}"} for n in range(1, 202)])
    emulator.add("list", [{"id": 900, "name": "02190", "created_at": "2024-03-10T07:00:00Z"}])
    emulator.add("tagObject", [{"id": 7, "tag_id": 3, "type": "Prospect", "object_id": 5}])
    emulator.set(export_seconds=0)
    document = yaml.safe_load((project / "meltano.yml").read_text())
    config = document["plugins"]["extractors"][0].get("config", {})
    configure(project, config=config | {"start_date": "2023-06-01"})

    run()

    lists = warehouse.query("SELECT id, name FROM tap_pardot.lists ORDER BY id")
    assert lists == [*((n, f"List {n}") for n in range(1, 202)), (900, "02190")]
    times = warehouse.query("SELECT created_at FROM tap_pardot.lists WHERE id = 900")
    # The second in which clocks in New York jumped from 2 to 3.
    assert [when.replace(tzinfo=UTC) for (when,) in times] == [datetime(2024, 3, 10, 7, tzinfo=UTC)]
    assert warehouse.query("SELECT id, tag_id, object_id FROM tap_pardot.tag_objects") == [
        (7, 3, 5)
    ]


def test_a_stream_map_in_meltano_yml_is_honoured(emulator, run, warehouse, project):
    emulator.add("list", [{"id": 1, "name": "Secret"}, {"id": 2, "name": "Internal"}])
    configure(
        project,
        select=["lists.*"],
        config={
            "stream_maps": {
                "lists": {
                    "name": "name.upper()",
                    # Meltano drops a plain null on its way to the tap.
                    "title": "__NULL__",
                    "source": "'pardot'",
                    "__filter__": "name != 'Internal'",
                }
            }
        },
    )

    run()

    assert warehouse.table_counts("tap_pardot") == {"lists": 1}
    assert warehouse.query("SELECT id, name, source FROM tap_pardot.lists") == [
        (1, "SECRET", "pardot")
    ]
    columns = warehouse.query(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'lists'"
    )
    assert ("title",) not in columns
    assert ("updated_at",) in columns


def test_a_second_run_continues_from_the_state_that_meltano_stored(
    emulator, run, warehouse, project
):
    configure(project, select=["lists.*", "tag_objects.*"])
    emulator.set(clock="2024-06-01T12:00:00Z")
    emulator.add("list", [{"id": n, "name": "Old"} for n in range(1, 451)])
    emulator.add("tagObject", [{"id": n, "tag_id": 1} for n in range(1, 451)])
    run()
    emulator.clear_calls()
    emulator.set(clock="2024-06-01T14:00:00Z")
    between = "2024-06-01T13:00:00Z"
    emulator.add("list", [{"id": n, "name": "New", "updated_at": between} for n in (3, 450, 451)])
    emulator.add("tagObject", [{"id": 451, "tag_id": 2, "created_at": between}])

    run()

    new = warehouse.query("SELECT id FROM tap_pardot.lists WHERE name = 'New' ORDER BY id")
    assert new == [(3,), (450,), (451,)]
    assert warehouse.table_counts("tap_pardot") == {"lists": 451, "tag_objects": 451}
    # Nothing old is read again.
    assert max(call["rows"] for call in emulator.calls) == 3
    # Two of these are Meltano's discovery, which lists the custom fields.
    assert len(emulator.calls) <= 6


def test_meltano_checks_what_the_user_may_read(emulator, project):
    emulator.set(forbidden={"form": 46})
    emulator.add("list", [{"id": 1}])
    meltano = Meltano(project, project, as_environment("tap-pardot", emulator.config))

    checked = meltano.run("invoke", "tap-pardot", "--test")
    emulator.clear_calls()
    tested = meltano.run("config", "test", "tap-pardot")

    assert "The ability that the user's role needs: Marketing > Forms > Forms > View." in checked
    assert "The login works: API version 4" in checked
    assert "Plugin configuration is valid" in tested
    # Meltano stops the tap at its first record, which needs no export.
    assert not [call for call in emulator.calls if call["op"] == "download"]


def test_under_version_5_a_run_without_select_fills_all_tables_but_what_is_off(
    emulator, tap, project, warehouse
):
    emulator.seed(rows=12, custom_fields=0)
    emulator.set(export_seconds=0)
    # external_activities has only exports, a job for each year.
    config = emulator.config | {"api_version": 5, "start_date": NEAR}
    expected = rows_by_table(tap.run(config))
    include = ["prospect_ids", "lists.is_crm_visible", "visitors.prospect_id"]

    run_version_5(project, emulator, warehouse)

    assert without_jobs(warehouse.table_counts("tap_pardot")) == without_jobs(expected)
    assert len(expected) > 35
    columns = columns_of(warehouse)
    assert {("lists", "folder_id"), ("visits", "updated_at"), ("tags", "name")} <= columns
    assert not columns & OFF
    assert not {table for table, _ in columns} & {"prospect_ids", "list_email_lists"}

    run_version_5(project, emulator, warehouse, include=json.dumps(include))

    now = columns_of(warehouse)
    assert now & OFF == {("lists", "is_crm_visible"), ("visitors", "prospect_id")}
    assert {table for table, _ in now - columns} == {"prospect_ids", "lists", "visitors"}
    (counted,) = warehouse.query("SELECT count(*) FROM tap_pardot.prospect_ids")
    assert counted == (len(emulator.rows("prospect")),)
    (set_,) = warehouse.query("SELECT count(is_crm_visible) FROM tap_pardot.lists")
    assert set_ == (expected["lists"],)


def test_the_plugin_definition_adds_the_tap_to_a_project_without_select(
    emulator, tap, empty_project, wheel, postgres
):
    emulator.seed(rows=12, custom_fields=0)
    emulator.set(export_seconds=0)
    config = emulator.config | {"start_date": NEAR}
    expected = rows_by_table(tap.run(config))
    warehouse = postgres.create_database("added")
    # pip takes the wheel for the name in the definition.
    constraints = empty_project / "constraints.txt"
    constraints.write_text(f"tap-pardot-sdk @ {wheel.as_uri()}\n")
    settings = {
        "PIP_CONSTRAINT": str(constraints),
        **as_environment("tap-pardot", config),
        **as_environment("target-postgres", {"sqlalchemy_url": warehouse.url}),
    }

    meltano(empty_project, settings, "add", "--from-ref", str(DEFINITION), "tap-pardot")
    meltano(empty_project, settings, "run", "--full-refresh", *PLUGINS)

    assert without_jobs(warehouse.table_counts("tap_pardot")) == without_jobs(expected)
    assert len(expected) == 28
    columns = columns_of(warehouse)
    assert {("prospects", "email"), ("emails", "subject"), ("visits", "id")} <= columns
    assert not columns & OFF_UNDER_4
    assert "prospect_ids" not in {table for table, _ in columns}

    names = ["prospect_ids", "emails.message_html"]
    settings |= as_environment("tap-pardot", {"include": json.dumps(names)})
    meltano(empty_project, settings, "run", "--full-refresh", *PLUGINS)

    new = columns_of(warehouse) - columns
    assert {(t, c) for t, c in new if not c.startswith("_sdc")} == {
        *(("prospect_ids", "id"), ("prospect_ids", "listed_at"), ("emails", "message_html")),
    }
    (counted,) = warehouse.query("SELECT count(*) FROM tap_pardot.prospect_ids")
    assert counted == (len(emulator.rows("prospect")),)
    (bodies,) = warehouse.query("SELECT count(message_html) FROM tap_pardot.emails")
    assert 0 < bodies[0] <= expected["emails"]


def meltano(project: Path, settings: Mapping[str, str], *arguments: str) -> str:
    """Run ``meltano`` in a project and return what it printed."""
    return Meltano(project, project, settings).run(*arguments)


OFF_UNDER_4 = {
    *(("prospects", "password"), ("emails", "message_html"), ("emails", "message_text")),
}
"""Columns that are off under all versions, by table."""
NEAR = "2024-01-01T00:00:00Z"
OFF = {
    *(("lists", "is_crm_visible"), ("visitors", "prospect_id"), ("prospects", "password")),
    *(("emails", "message_html"), ("list_emails", "html_message"), ("users", "timezone")),
    *(("visits", "visitor_page_views"), ("opportunities", "prospects")),
    *(("prospects", "user_id"), ("visitor_activities", "visit_id")),
    *(("list_memberships", "created_by_id"), ("account", "vanity_domain")),
    *(("landing_pages", "layout_css"), ("layout_templates", "layout_content")),
}
"""Columns that are off under version 5, by table."""


def run_version_5(project: Path, emulator: Emulator, warehouse: Postgres, **settings: Any) -> None:
    """Read everything by version 5 into the warehouse."""
    config = {**emulator.config, "api_version": 5, "start_date": NEAR, **settings}
    variables = as_environment("tap-pardot", config) | as_environment(
        "target-postgres", {"sqlalchemy_url": warehouse.url}
    )
    Meltano(project, project, variables).run("run", "--full-refresh", *PLUGINS)


def rows_by_table(run: Finished) -> dict[str, int]:
    """Return how many rows a run has in each table, by the primary keys in SCHEMA."""
    assert run.exit_code == 0, run.stderr
    keys = {
        each["stream"]: each["key_properties"] for each in run.messages if each["type"] == "SCHEMA"
    }
    return {
        stream: len({tuple(row[key] for key in keys[stream]) for row in run.records[stream]})
        for stream in keys
    }


def without_jobs(counts: dict[str, int]) -> dict[str, int]:
    """Leave out the export jobs, because each run makes some."""
    return {name: number for name, number in counts.items() if name != "exports"}


def columns_of(warehouse: Postgres) -> set[tuple[str, str]]:
    """Return the tables of the warehouse with their columns."""
    found = warehouse.query(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'tap_pardot'"
    )
    return {(table, column) for table, column in found}
