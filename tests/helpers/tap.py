"""Runs the tap as a user does: a command with files, lines on stdout, a log on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "tap_pardot"]


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
        return self.stderr.rstrip().splitlines()[-1].split(" | ", 3)[-1].strip()


@cache
def _discovered() -> str:
    listed = subprocess.run([*COMMAND, "--discover"], capture_output=True, text=True, check=True)
    return listed.stdout


class Tap:
    """Runs the tap's command with the files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.default_catalog: dict[str, Any] | None = None

    def command(
        self,
        config: dict[str, Any],
        *arguments: str,
        state: Any = None,
        catalog: Any = None,
    ) -> list[str]:
        """Return the command line; writes its files."""
        command = [*COMMAND, "--config", self._file("config.json", config)]
        if catalog is None and not arguments:
            catalog = self.default_catalog
        if state is not None:
            command += ["--state", self._file("state.json", state)]
        if catalog is not None:
            command += ["--catalog", self._file("catalog.json", catalog)]
        return [*command, *arguments]

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

    def catalog(self, *streams: str, **metadata: dict[str, Any]) -> dict[str, Any]:
        """Return a catalog with just these streams selected.

        Args:
            streams: Names of the streams.
            metadata: By stream, what to set on its root metadata, e.g.
                ``lists={"forced-replication-method": "FULL_TABLE"}``.
        """
        catalog: dict[str, Any] = json.loads(_discovered())
        for entry in catalog["streams"]:
            root = next(each for each in entry["metadata"] if not each["breadcrumb"])["metadata"]
            root["selected"] = entry["tap_stream_id"] in streams
            changes = metadata.get(entry["tap_stream_id"], {})
            root.update(changes)
            if "forced-replication-method" in changes:
                entry["replication_method"] = changes["forced-replication-method"]
        return catalog

    def _file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)
