"""The least that a tap must do: rows, types, UTC, RECORD lines.

    python benchmarks/bare.py query STREAM KINDS CONFIG OBJECT PARAMS
    python benchmarks/bare.py v5 STREAM KINDS CONFIG OBJECT PARAMS
    python benchmarks/bare.py export STREAM KINDS FILE [FILE ...]

It pages through a query of version 4 or 5 by id, or reads the files of an export, which are on disk
already. KINDS is a JSON object: by column, "integer", "number", "boolean", "date-time", "array" or
"string". PARAMS is a JSON object: the parameters of the first page. No checks, no selection, no
STATE, no SDK. Times are those of New York; those of version 5 have their offset.
"""

from __future__ import annotations

import csv
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

PAGE, PAGE_V5 = 200, 1_000
_BLOCK = 65536
_ZONE = ZoneInfo("America/New_York")


@lru_cache(4096)
def _hour(text: str) -> str:
    local = datetime.fromisoformat(f"{text}:00:00").replace(tzinfo=_ZONE)
    return local.astimezone(UTC).isoformat()[:13]


def _utc(text: str) -> str:
    return f"{_hour(text[:13])}{text[13:]}+00:00"


@lru_cache(4096)
def _hour_from_offset(hour: str, offset: str) -> str:
    return datetime.fromisoformat(f"{hour}:00:00{offset}").astimezone(UTC).isoformat()[:13]


def _from_offset(text: str) -> str:
    # Offsets of New York are whole hours.
    return f"{_hour_from_offset(text[:13], text[19:])}{text[13:19]}+00:00"


FROM_CSV: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False, "1": True, "0": False}.__getitem__,
    "date-time": _utc,
    "array": lambda text: text.split(";"),
}

# The other kinds come as what they are.
FROM_JSON: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "date-time": _utc,
    "array": lambda value: value["value"],
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


def logged_in(path: str) -> tuple[requests.Session, str]:
    """Return a session that has logged in, and the origin of the API."""
    config = json.loads(Path(path).read_text())
    session = requests.Session()
    form = {key: config[key] for key in ("client_id", "client_secret", "refresh_token")}
    form["grant_type"] = "refresh_token"
    login = session.post(f"{config['login_url']}/services/oauth2/token", data=form, timeout=60)
    session.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    session.headers["Pardot-Business-Unit-Id"] = config["pardot_business_unit_id"]
    return session, config["api_url"]


def query(stream: str, types: dict[str, str], path: str, name: str, asked: str) -> None:
    """Read all rows of an object by id and write them to stdout."""
    params = json.loads(asked)
    session, origin = logged_in(path)
    url = f"{origin}/api/{name}/version/4/do/query"
    typed = [(column, FROM_JSON[kind]) for column, kind in types.items() if kind in FROM_JSON]
    lines = Lines(stream)
    while True:
        answer = msgspec.json.decode(session.get(url, params=params, timeout=60).content)
        rows = (answer["result"] or {}).get(name, [])
        if isinstance(rows, dict):
            rows = [rows]
        for row in rows:
            record = {column: row.get(column) for column in types}
            for column, convert in typed:
                if record[column] is not None:
                    record[column] = convert(record[column])
            lines.write(record)
        if len(rows) < PAGE:
            lines.flush()
            return
        params["id_greater_than"] = str(rows[-1]["id"])


def query_v5(stream: str, types: dict[str, str], path: str, name: str, asked: str) -> None:
    """Read all rows of an object by version 5 and write them to stdout."""
    params = json.loads(asked)
    session, origin = logged_in(path)
    url = f"{origin}/api/v5/objects/{name}s"
    times = [column for column, kind in types.items() if kind == "date-time"]
    lines = Lines(stream)
    while True:
        rows = msgspec.json.decode(session.get(url, params=params, timeout=60).content)["values"]
        for row in rows:
            record = {column: row.get(column) for column in types}
            for column in times:
                if record[column] is not None:
                    record[column] = _from_offset(record[column])
            lines.write(record)
        if len(rows) < PAGE_V5:
            lines.flush()
            return
        params["idGreaterThan"] = str(rows[-1]["id"])


def export(stream: str, types: dict[str, str], *files: str) -> None:
    """Read the files of an export and write their rows to stdout."""
    lines = Lines(stream)
    for name in files:
        with Path(name).open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            plan = [(column, FROM_CSV.get(types[column])) for column in next(rows)]
            for row in rows:
                record: dict[str, Any] = {}
                for (column, convert), cell in zip(plan, row, strict=True):
                    if not cell:
                        record[column] = None
                    elif convert is None:
                        record[column] = cell
                    else:
                        record[column] = convert(cell)
                lines.write(record)
    lines.flush()


if __name__ == "__main__":
    way, stream_name, kinds, *where = sys.argv[1:]
    read: Any = {"query": query, "v5": query_v5, "export": export}[way]
    read(stream_name, json.loads(kinds), *where)
