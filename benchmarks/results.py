"""Keeps the figures of a benchmark as JSON, from which `page` makes docs/benchmarks.md."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def save(name: str, figures: Any) -> None:
    """Keep figures, with the machine, the day and the command line they come from.

    Args:
        name: Of the benchmark.
        figures: What JSON can hold.
    """
    FOLDER.mkdir(exist_ok=True)
    document = {
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "figures": figures,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def load(name: str) -> dict[str, Any] | None:
    """Return what was kept last, None if nothing was."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        return None
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def machine() -> dict[str, Any]:
    """Return the facts about this machine that figures depend on."""
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
