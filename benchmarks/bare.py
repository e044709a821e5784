"""The least that a tap must do with the pages of a query: HTTP, JSON, types, UTC, RECORD lines.

    python benchmarks/bare.py CONFIG STREAM OBJECT KINDS

KINDS is a JSON object: by column, "integer", "number", "boolean", "date-time" or "string". No
checks, no selection, no STATE, no SDK. Times are those of New York.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = 200
_BLOCK = 65536
_ZONE = ZoneInfo("America/New_York")


@lru_cache(4096)
def _hour(text: str) -> str:
    local = datetime.fromisoformat(f"{text}:00:00").replace(tzinfo=_ZONE)
    return local.astimezone(UTC).isoformat()[:13]


def _utc(text: str) -> str:
    return f"{_hour(text[:13])}{text[13:]}+00:00"


CONVERTERS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False, "1": True, "0": False}.__getitem__,
    "date-time": _utc,
    "array": lambda text: text.split(";"),
}


class Lines:
    """Writes RECORD lines to stdout in blocks, each encoded by itself."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._encode_into = msgspec.json.Encoder().encode_into
        self._buffer = bytearray()
        self._stamp = datetime.now(UTC).isoformat()

    def write(self, record: dict[str, Any]) -> None:
        """Write one record."""
        message = {
            "type": "RECORD",
            "stream": self._stream,
            "record": record,
            "time_extracted": self._stamp,
        }
        self._encode_into(message, self._buffer, -1)
        self._buffer += b"\n"
        if len(self._buffer) > _BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered."""
        os.write(1, self._buffer)
        self._buffer.clear()


def main() -> None:
    """Read all rows by id and write them to stdout."""
    config = json.loads(Path(sys.argv[1]).read_text())
    stream, name, types = sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
    session = requests.Session()
    login = session.post(
        f"{config['login_url']}/services/oauth2/token",
        data={
            "grant_type": "refresh_token",
            "client_id": config["client_id"],
            "client_secret": config["client_secret"],
            "refresh_token": config["refresh_token"],
        },
        timeout=60,
    ).json()
    session.headers["Authorization"] = f"Bearer {login['access_token']}"
    session.headers["Pardot-Business-Unit-Id"] = config["pardot_business_unit_id"]
    url = f"{config['api_url']}/api/{name}/version/4/do/query"
    params = {"format": "json", "output": "bulk", "limit": str(PAGE)}
    params |= {"sort_by": "id", "sort_order": "ascending"}
    times = [column for column, kind in types.items() if kind == "date-time"]
    lines = Lines(stream)
    while True:
        answer = msgspec.json.decode(session.get(url, params=params, timeout=60).content)
        rows = (answer["result"] or {}).get(name, [])
        if isinstance(rows, dict):
            rows = [rows]
        for row in rows:
            record = {column: row.get(column) for column in types}
            for column in times:
                if record[column]:
                    record[column] = _utc(record[column])
            lines.write(record)
        if len(rows) < PAGE:
            lines.flush()
            return
        params["id_greater_than"] = str(rows[-1]["id"])


if __name__ == "__main__":
    main()
