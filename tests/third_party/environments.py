"""Virtual environments for programs of others, made once and kept under ``.venvs/``.

Needs nothing but Python and pip. The benchmarks use them too.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
SINGER_IO = "tap-pardot==1.4.9"
PYPARDOT_SF = "PyPardotSF==0.1.1"
AIRBYTE_CDK = "airbyte-cdk==7.39.1"
TARGET_POSTGRES = "meltanolabs-target-postgres==0.8.1"
_INSTALL_TIMEOUT = 300  # seconds


class NotInstalledError(RuntimeError):
    """A client could not be installed; says why."""


def environment(requirement: str, *others: str) -> Path:
    """Return the ``bin`` folder of an environment that holds these requirements.

    Args:
        requirement: One package with its version, as pip takes it.
        others: More of them.

    Raises:
        NotInstalledError: pip failed, mostly because the package index cannot be reached.
    """
    # An environment belongs to the Python that made it.
    version = ".".join(map(str, sys.version_info[:2]))
    name = f"{requirement.replace('==', '-')}-python{version}"
    if others:
        name += "-" + hashlib.sha256(" ".join(others).encode()).hexdigest()[:8]
    folder = ROOT / ".venvs" / name
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a benchmark beside the tests may want the same one
        if not ((folder / "ready").exists() and (folder / "bin" / "python").exists()):
            _make(folder, (requirement, *others))
            (folder / "ready").touch()
    return folder / "bin"


def _make(folder: Path, requirements: Sequence[str]) -> None:
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [*install, *requirements],
    ):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_INSTALL_TIMEOUT
            )
        except subprocess.TimeoutExpired as late:
            raise NotInstalledError(_sentence(requirements, "it took too long")) from late
        if done.returncode:
            reason = " ".join(done.stderr.split()[-60:]) or f"exit code {done.returncode}"
            raise NotInstalledError(_sentence(requirements, reason))


def _sentence(requirements: Sequence[str], reason: str) -> str:
    return (
        f"{', '.join(requirements)} could not be installed into an environment of its own, so "
        f"nothing was tried with it. This needs a package index that pip can reach. pip: {reason}"
    )
