"""Virtual environments that hold one other program each, made once and kept under ``.venvs/``.

Needs nothing but Python and pip. The benchmarks use them too.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SINGER_IO = "tap-pardot==1.4.9"
PYPARDOT_SF = "PyPardotSF==0.1.1"
AIRBYTE_CDK = "airbyte-cdk==7.39.1"
TARGET_POSTGRES = "meltanolabs-target-postgres==0.8.1"
_INSTALL_TIMEOUT = 300  # seconds


class NotInstalledError(RuntimeError):
    """A client could not be installed; says why."""


def environment(requirement: str) -> Path:
    """Return the ``bin`` folder of an environment that holds this requirement.

    Args:
        requirement: One package with its version, as pip takes it.

    Raises:
        NotInstalledError: pip failed, mostly because the package index cannot be reached.
    """
    # An environment belongs to the Python that made it.
    version = ".".join(map(str, sys.version_info[:2]))
    name = f"{requirement.replace('==', '-')}-python{version}"
    folder = ROOT / ".venvs" / name
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a benchmark beside the tests may want the same one
        if not ((folder / "ready").exists() and (folder / "bin" / "python").exists()):
            _make(folder, requirement)
            (folder / "ready").touch()
    return folder / "bin"


def _make(folder: Path, requirement: str) -> None:
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [*install, requirement],
    ):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_INSTALL_TIMEOUT
            )
        except subprocess.TimeoutExpired as late:
            raise NotInstalledError(_sentence(requirement, "it took too long")) from late
        if done.returncode:
            reason = " ".join(done.stderr.split()[-60:]) or f"exit code {done.returncode}"
            raise NotInstalledError(_sentence(requirement, reason))


def _sentence(requirement: str, reason: str) -> str:
    return (
        f"{requirement} could not be installed into an environment of its own, so nothing was "
        f"compared with it. This needs a package index that pip can reach. pip: {reason}"
    )
