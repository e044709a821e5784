"""Airbyte's own source for Pardot, run by Airbyte's development kit against the emulator.

The source is one file, a manifest, which is no part of this project: ``MANIFEST`` names the
environment variable with the path of a copy.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST = "AIRBYTE_PARDOT_MANIFEST"
_API = "https://pi.pardot.com/api/"
_LOGIN = re.compile(r"https://\{\{[^}]*\}\}\.salesforce\.com/services/oauth2")
_TIMEOUT = 120  # seconds; the start alone takes several on a busy machine
_NOWHERE = "http://127.0.0.1:9"  # a proxy for what was not redirected: nobody listens there


def manifest() -> str | None:
    """Return the text of the manifest, or None if the variable is not set."""
    path = os.environ.get(MANIFEST)
    return Path(path).read_text(encoding="utf-8") if path else None


def redirected(text: str, url: str) -> str:
    """Return the manifest with its two hosts replaced, and nothing else.

    Args:
        text: The manifest.
        url: Origin of the emulator.
    """
    text, logins = _LOGIN.subn(f"{url}/services/oauth2", text)
    assert (text.count(_API), logins) == (1, 1), "this manifest names its hosts in another way"
    return text.replace(_API, f"{url}/api/")


@dataclass
class Read:
    """What Airbyte read.

    Attributes:
        exit_code: Of its command.
        records: By stream, in the order they came; nulls are left out.
        log: Its messages, one a line.
    """

    exit_code: int
    records: dict[str, list[dict[str, Any]]]
    log: str

    def ids(self, stream: str) -> list[int]:
        """Ids of a stream's records, in the order they came."""
        return [record["id"] for record in self.records[stream]]


class Airbyte:
    """The source.

    Args:
        programs: The ``bin`` folder of the environment that holds ``airbyte-cdk``.
        text: The manifest.
        folder: For its files.
    """

    def __init__(self, programs: Path, text: str, folder: Path) -> None:
        self.programs = programs
        self.text = text
        self.folder = folder

    def read(self, emulator: Any, *streams: str, page_size: int = 1000) -> Read:
        """Read streams from an emulator, in one process.

        Args:
            emulator: The emulator.
            streams: Names of the manifest's streams.
            page_size: Rows of a page.
        """
        names = ("pardot_business_unit_id", "client_id", "client_secret", "refresh_token")
        config = {
            **{name: emulator.config[name] for name in names},
            "start_date": "2007-01-01T00:00:00Z",
            "page_size": str(page_size),
            "is_sandbox": False,
        }
        done = subprocess.run(
            [
                *(str(self.programs / "source-declarative-manifest"), "read"),
                *("--manifest-path", self._file("yaml", redirected(self.text, emulator.url))),
                *("--config", self._file("config.json", json.dumps(config))),
                *("--catalog", self._file("catalog.json", json.dumps(_catalog(streams)))),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
            env={"PATH": os.environ["PATH"], "HTTPS_PROXY": _NOWHERE},
            cwd=self.folder,
        )
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        records = defaultdict(list)
        for message in messages:
            if message["type"] == "RECORD":
                records[message["record"]["stream"]].append(message["record"]["data"])
        lines = [each["log"]["message"] for each in messages if each["type"] == "LOG"]
        return Read(done.returncode, records, "\n".join([*lines, done.stderr]))

    def _file(self, name: str, content: str) -> str:
        path = self.folder / f"airbyte-{name}"
        path.write_text(content, encoding="utf-8")
        return str(path)


def _catalog(streams: tuple[str, ...]) -> dict[str, Any]:
    """Return a catalog of these streams, read whole; the kit takes no schemas from it."""
    return {
        "streams": [
            {
                "stream": {
                    "name": name,
                    "json_schema": {},
                    "supported_sync_modes": ["full_refresh"],
                },
                "sync_mode": "full_refresh",
                "destination_sync_mode": "overwrite",
            }
            for name in streams
        ]
    }
