"""The tap as a user runs it: a command with files, lines on stdout, a log on stderr.

:class:`Tap` runs it as a process of its own, for tests of signals, pipes, exit codes and the
installed command. All others use :class:`tests.helpers.runner.Runner`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "tap_pardot"]
_WARNINGS = {"WARNING", "ERROR", "CRITICAL"}


@dataclass
class Finished:
    """One finished run."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All messages in the order they came."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Records by stream, in the order they came."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for message in self.messages:
            if message["type"] == "RECORD":
                found[message["stream"]].append(message["record"])
        return found

    def ids(self, stream: str) -> list[int]:
        """Ids of a stream's records, in the order they came."""
        return [record["id"] for record in self.records[stream]]

    @property
    def state(self) -> dict[str, Any] | None:
        """The value of the last STATE."""
        states = [each["value"] for each in self.messages if each["type"] == "STATE"]
        return states[-1] if states else None

    @property
    def last_line(self) -> str:
        """The last line of stderr, without time, level and logger."""
        return self.log[-1]

    @property
    def log(self) -> list[str]:
        """The lines of stderr, without time, level and logger."""
        return [line.split(" | ", 3)[-1].strip() for line in self.stderr.rstrip().splitlines()]

    def line(self, stream: str) -> str:
        """Return the line about a stream in the report at the end of stderr."""
        return next(line for line in self.log if line.startswith(f"{stream}: ") and " row" in line)

    @property
    def warnings(self) -> list[str]:
        """The warnings and errors on stderr, without time, level and logger."""
        found = (line.split(" | ", 3) for line in self.stderr.splitlines())
        return [parts[-1].strip() for parts in found if parts[1:] and parts[1].strip() in _WARNINGS]


class Files:
    """The files of one command line, in a folder.

    Attributes:
        folder: Where they are.
        default_catalog: The catalog of a run that names none and has no other option.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.default_catalog: dict[str, Any] | None = None

    def arguments(
        self,
        config: dict[str, Any],
        *options: str,
        state: Any = None,
        catalog: Any = None,
    ) -> list[str]:
        """Write the files; return the arguments that name them."""
        if catalog is None and not options:
            catalog = self.default_catalog
        found = ["--config", self.file("config.json", config)]
        if state is not None:
            found += ["--state", self.file("state.json", state)]
        if catalog is not None:
            found += ["--catalog", self.file("catalog.json", catalog)]
        return [*found, *options]

    def file(self, name: str, content: Any) -> str:
        """Write a file, as JSON unless the content is a string; return its path."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)


class Tap(Files):
    """Runs the tap's command as a process."""

    def command(
        self,
        config: dict[str, Any],
        *options: str,
        state: Any = None,
        catalog: Any = None,
    ) -> list[str]:
        """Return the command line; writes its files."""
        return [*COMMAND, *self.arguments(config, *options, state=state, catalog=catalog)]

    def run(
        self,
        config: dict[str, Any],
        *arguments: str,
        state: Any = None,
        catalog: Any = None,
        env: dict[str, str] | None = None,
        timeout: float = 60,
    ) -> Finished:
        """Run to the end."""
        done = subprocess.run(
            self.command(config, *arguments, state=state, catalog=catalog),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            env={**os.environ, **(env or {})},
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def start(
        self,
        config: dict[str, Any],
        *arguments: str,
        state: Any = None,
        catalog: Any = None,
        env: dict[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start a run whose stdout and stderr the test reads, to signal it on the way."""
        return subprocess.Popen(
            self.command(config, *arguments, state=state, catalog=catalog),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
