"""What the benchmarks share: an account in a process of its own, and the cost of a command.

Seconds depend on the machine and on what else runs there, ratios do not; the number of
instructions is nearly the same each time.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[1]
_FOLDERS = (ROOT, ROOT / "emulator", ROOT / "benchmarks")
HERE = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, _FOLDERS))}
"""The environment of commands of this checkout, whichever one is installed."""

# All rows of an account lie within it, so that they are one window.
SPAN = {"start_date": "2024-03-01T00:00:00Z", "end_date": "2024-12-31T00:00:00Z"}

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Usage(NamedTuple):
    """What a finished process used.

    Attributes:
        cpu: Seconds of user and system time.
        memory: MB at the peak.
        seconds: From start to end.
        log: What it wrote to stderr.
    """

    cpu: float
    memory: float
    seconds: float
    log: str


class FailedError(RuntimeError):
    """A command did not end well."""


@contextmanager
def account(rows: int, kind: str) -> Iterator[dict[str, Any]]:
    """An emulator with rows of one kind, as ``{"url": ..., "config": ...}``.

    Args:
        rows: How many rows.
        kind: As in ``benchmarks/account.py``.
    """
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "benchmarks" / "account.py"), str(rows), kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=HERE,
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            raise FailedError("the emulator did not start")
        yield json.loads(line)
        server.stdin.close()


def calls_of(url: str) -> int:
    """Return how many API calls an emulator has had since the last look, logins not counted."""
    with urlopen(f"{url}/emulator/calls", timeout=60) as answer:
        calls = len(json.load(answer)["calls"])
    with urlopen(Request(f"{url}/emulator/calls", method="DELETE"), timeout=60):
        return calls


def tap_command(found: Mapping[str, Any], folder: Path, stream: str, **settings: Any) -> list[str]:
    """Return the tap's command for one stream; writes its files into a folder.

    Args:
        found: An account.
        folder: Where config and catalog are written.
        stream: The stream.
        settings: Settings beside those of the account.
    """
    config, catalog = folder / "config.json", folder / f"{stream}.json"
    config.write_text(json.dumps({**found["config"], **settings}))
    command = [sys.executable, "-m", "tap_pardot", "--config", str(config)]
    if not catalog.exists():
        listed = subprocess.run([*command, "--discover"], capture_output=True, check=True, env=HERE)
        entries: dict[str, Any] = json.loads(listed.stdout)
        for entry in entries["streams"]:
            root = next(each for each in entry["metadata"] if not each["breadcrumb"])
            root["metadata"]["selected"] = entry["tap_stream_id"] == stream
        catalog.write_text(json.dumps(entries))
    return [*command, "--catalog", str(catalog)]


class Running:
    """A command that runs, with its log in a file.

    Args:
        command: The command.
        env: Its environment.
        stdin: Where it reads.
        stdout: Where it writes.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] = HERE,
        stdin: IO[bytes] | int = subprocess.DEVNULL,
        stdout: IO[bytes] | int = subprocess.DEVNULL,
    ) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 -- closed in `usage`
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            command, env=env, stdin=stdin, stdout=stdout, stderr=self._log
        )

    def usage(self) -> Usage:
        """Wait for the end and return what it used.

        Raises:
            FailedError: Its exit code is not 0; holds its log.
        """
        _, status, used = os.wait4(self.process.pid, 0)
        seconds = time.monotonic() - self._began
        self.process.returncode = os.waitstatus_to_exitcode(status)
        with self._log:
            self._log.seek(0)
            log = self._log.read().decode(errors="replace")
        if self.process.returncode:
            raise FailedError(log)
        # ru_maxrss counts KiB on Linux, bytes on macOS.
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / unit, seconds, log)


def usage_of(command: Sequence[str], env: Mapping[str, str] = HERE) -> Usage:
    """Run a command to its end, with its output to nowhere, and return what it used.

    Raises:
        FailedError: Its exit code is not 0; holds its log.
    """
    return Running(command, env).usage()


def records_of(command: Sequence[str], env: Mapping[str, str] = HERE) -> int:
    """Run a command and return how many RECORD messages it wrote.

    Raises:
        FailedError: Its exit code is not 0; holds its log.
    """
    running = Running(command, env, stdout=subprocess.PIPE)
    assert running.process.stdout is not None
    with running.process.stdout as lines:
        records = sum(re.match(rb'\{"type": ?"RECORD"', line) is not None for line in lines)
    running.usage()
    return records


def instructions_of(command: Sequence[str], env: Mapping[str, str] = HERE) -> int:
    """Run a command under valgrind and return how many instructions it executed.

    Raises:
        FailedError: It failed, or there is no valgrind.
    """
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    try:
        log = usage_of([*valgrind, *command], {**env, "PYTHONHASHSEED": "0"}).log
    except FileNotFoundError:
        raise FailedError("--instructions needs valgrind") from None
    found = re.search(r"Collected : (\d+)", log)
    if found is None:
        raise FailedError(log)
    return int(found[1])
