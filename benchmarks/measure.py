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
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).parents[1]
_FOLDERS = (ROOT, ROOT / "emulator", ROOT / "benchmarks")
HERE = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, _FOLDERS))}
"""The environment of commands of this checkout, whichever one is installed."""

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Usage(NamedTuple):
    """What a finished process used.

    Attributes:
        cpu: Seconds of user and system time.
        memory: MB at the peak.
    """

    cpu: float
    memory: float


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


def usage_of(command: Sequence[str], env: Mapping[str, str] = HERE) -> Usage:
    """Run a command to its end and return what it used.

    Raises:
        FailedError: Its exit code is not 0; holds its log.
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        if process.returncode:
            raise FailedError(log.read().decode(errors="replace"))
    # ru_maxrss counts KiB on Linux, bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def instructions_of(command: Sequence[str], env: Mapping[str, str] = HERE) -> int:
    """Run a command under valgrind and return how many instructions it executed.

    Raises:
        FailedError: It failed, or there is no valgrind.
    """
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    try:
        done = subprocess.run(
            [*valgrind, *command],
            env={**env, "PYTHONHASHSEED": "0"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
    except FileNotFoundError:
        raise FailedError("--instructions needs valgrind") from None
    log = done.stderr.decode(errors="replace")
    found = re.search(r"Collected : (\d+)", log)
    if done.returncode or found is None:
        raise FailedError(log)
    return int(found[1])
