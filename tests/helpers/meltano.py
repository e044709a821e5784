"""Meltano as its users run it: the real command on a real ``meltano.yml``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLUGINS = ("tap-pardot", "target-postgres")
# Nobody's real account, database or state may leak into a run.
FOREIGN = ("MELTANO_", "TAP_", "TARGET_")
STOP_SECONDS = 15


@dataclass(frozen=True)
class Meltano:
    """A Meltano project with its settings and its state in a directory of its own.

    Attributes:
        project: Where ``meltano.yml`` is; plugins are installed below it.
        home: Existing directory for the settings file and the state database; the home directory
            of all that runs.
        settings: Values by the names of their environment variables.
    """

    project: Path
    home: Path
    settings: Mapping[str, str]

    def start(self, *arguments: str, output: IO[Any] | int) -> subprocess.Popen[str]:
        """Start ``meltano`` in a process group of its own; both outputs go to ``output``."""
        settings = self.home / "settings.env"
        lines = (f"{name}='{value}'\n" for name, value in self.settings.items())
        settings.write_text("".join(lines))
        settings.chmod(0o600)
        inherited = {name: v for name, v in os.environ.items() if not name.startswith(FOREIGN)}
        return subprocess.Popen(
            # Takes the place of .env, where the settings of a real account may be.
            [Path(sys.executable).with_name("meltano"), "--env-file", settings, *arguments],
            cwd=self.project,
            env=inherited
            | _pip_of_this_user()
            | {
                "HOME": str(self.home),
                "MELTANO_DATABASE_URI": f"sqlite:///{self.home / 'state.db'}",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> str:
        """Run ``meltano`` to its end and return what it printed.

        Raises:
            AssertionError: It failed; the message is what it printed.
        """
        process = self.start(*arguments, output=subprocess.PIPE)
        with stopped_with_us(process):
            printed, _ = process.communicate()
        assert process.returncode == 0, printed
        return printed


def _pip_of_this_user() -> dict[str, str]:
    """Return the variables by which pip finds its cache and configuration in another home."""
    home = Path.home()
    found = {"PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(home / ".cache" / "pip"))}
    for file in (home / ".config" / "pip" / "pip.conf", home / ".pip" / "pip.conf"):
        if file.exists():
            found.setdefault("PIP_CONFIG_FILE", os.environ.get("PIP_CONFIG_FILE", str(file)))
    return found


@contextmanager
def stopped_with_us(process: subprocess.Popen[str]) -> Iterator[None]:
    """End a process group when the block is left early, as by Ctrl-C."""
    try:
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            # Whatever is left: Meltano itself, or a plugin that outlived it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def as_environment(plugin: str, config: Mapping[str, Any]) -> dict[str, str]:
    """Name a plugin's settings as Meltano does: ``tap-pardot``, ``api_url``: TAP_PARDOT_API_URL."""
    prefix = plugin.replace("-", "_").upper()
    return {f"{prefix}_{name.upper()}": str(value) for name, value in config.items()}
