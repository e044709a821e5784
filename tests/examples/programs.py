"""Runs the programs of the examples."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT = 300  # seconds; Dagster starts a process for each run


def run_program(command: Sequence[Any], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever its exit code.

    Args:
        command: The program and its arguments.
        options: Others of ``subprocess.run``, such as ``cwd`` and ``env``.
    """
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=TIMEOUT, **options
    )
