"""Sending what is more than a page: export files from disk, and answers that a fault changes."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO

from aiohttp import web

from pardot_emulator.faults import FILE_DAMAGES
from pardot_emulator.procedures import canonical
from pardot_emulator.sheets import CSV_TYPE
from pardot_emulator.wire import override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pardot_emulator.account import Account
    from pardot_emulator.exports import ResultFile
    from pardot_emulator.faults import Fault

_CHUNK = 256 * 1024


async def send(
    http: web.Request,
    account: Account,
    file: ResultFile,
    faults: Sequence[Fault],
    headers: Mapping[str, str],
) -> web.StreamResponse:
    """Send a result file; it is written to disk first, never held in memory.

    Args:
        http: The call.
        account: The account.
        file: The file.
        faults: Those that fire on this call; ``csv`` ones change the content.
        headers: More headers.
    """
    # No charset: the documents name neither it nor the type (D.9 [?]).
    response = web.StreamResponse(headers={"Content-Type": CSV_TYPE, **headers})
    with tempfile.TemporaryFile() as body:
        await _write(account, file, body)
        for fault in faults:
            if fault.csv:
                _spoil(body, fault.csv)
        if account.settings.export_chunked:
            response.enable_chunked_encoding()
        await send_body(http, response, body, cut_of(faults))
    return response


async def send_body(
    http: web.Request, response: web.StreamResponse, body: BinaryIO, cut: int | None
) -> None:
    """Announce the length and send a body; with ``cut`` only so many bytes, but never all."""
    size = body.seek(0, os.SEEK_END)
    if not response.chunked:
        response.content_length = size
    await response.prepare(http)
    body.seek(0)
    left = size if cut is None else min(cut, max(0, size - 1))
    while left and (chunk := body.read(min(_CHUNK, left))):
        left -= len(chunk)
        await response.write(chunk)
    if cut is None:
        await response.write_eof()
    elif http.transport is not None:
        http.transport.close()


def cut_of(faults: Sequence[Fault]) -> int | None:
    """Return after how many bytes the faults cut an answer, None: not at all."""
    return next((one.truncate for one in reversed(faults) if one.truncate is not None), None)


async def _write(account: Account, file: ResultFile, body: BinaryIO) -> None:
    batches = account.jobs.batches(file)
    while True:
        with account.lock:
            batch = next(batches, None)
        if batch is None:
            break
        body.write(batch)
        # Other calls are answered in between.
        await asyncio.sleep(0)
    body.flush()


def _spoil(body: BinaryIO, way: str) -> None:
    body.seek(0)
    spoilt = FILE_DAMAGES[way](body.read())
    body.seek(0)
    body.truncate()
    body.write(spoilt)
    body.flush()


def edited(body: bytes, edit: Mapping[str, Any]) -> bytes:
    """Return a JSON answer with keys set and dropped, in its ``export`` if it has one."""
    document = json.loads(body)
    override(document.get("export", document), edit)
    return json.dumps(document).encode()


def asked(body: bytes) -> dict[str, Any]:
    """Return what a create request asks for, as far as it can be read, for the log of calls."""
    try:
        given = json.loads(body)
        procedure = given.get("procedure") or {}
        found = dict(procedure.get("arguments") or {})
        found["procedure"] = procedure.get("name")
        found["fields"] = given.get("fields")
        found["object"] = canonical(given.get("object")) or given.get("object")
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}
    return found
