"""The operations of an export after the common checks: create, read, cancel, download (D.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pardot_emulator.errors import PardotError
from pardot_emulator.exportables import canonical
from pardot_emulator.exports import COMPLETE
from pardot_emulator.procedures import plan, read_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pardot_emulator.account import Account, Record
    from pardot_emulator.exports import Job, ResultFile

JSON = "application/json"


def create(account: Account, headers: Mapping[str, str], body: bytes, version: str) -> int:
    """Put a job into the queue (D.3); return its id.

    Raises:
        PardotError: 46 or 49, 150 to 154, 174 to 177, 180.
    """
    settings = account.settings
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != JSON and not settings.export_any_content_type:
        raise PardotError(151)
    request = read_request(body)
    # Abilities are per object (D.8); their code is not stated: 46 or 49 by meaning [?].
    name = canonical(request.object)
    if name is not None and name in settings.forbidden_codes:
        raise PardotError(settings.forbidden_codes[name])
    return account.jobs.create(plan(request, settings, account.model.custom_fields), version).id


def read(account: Account, number: int, version: str) -> int:
    """Let a job move on (D.5); return its id.

    Raises:
        PardotError: 109, no such job; 228, it belongs to another API version.
    """
    _find(account, number, version)
    account.jobs.poll()
    return number


def cancel(account: Account, number: int, version: str) -> int:
    """End a job that waits or runs (D.7); return its id.

    Raises:
        PardotError: 109, 228; 178, it has ended already, as all seeded rows have.
    """
    job = _find(account, number, None if account.settings.export_cancel_v3 else version)
    if job is None:
        raise PardotError(178)
    account.jobs.cancel(job)
    return number


def download(account: Account, number: int, file_id: int, version: str) -> ResultFile:
    """Return a file of a complete job.

    Raises:
        PardotError: 109, no such job or file; 178, still running, ended otherwise, or expired;
            228.
    """
    job = _find(account, number, version)
    account.jobs.advance()
    if job is None or job.state != COMPLETE or job.is_expired:
        raise PardotError(178)
    found = next((one for one in job.files if one.id == file_id), None)
    if found is None:
        raise PardotError(109)
    return found


def body(account: Account, record: Record, op: str, origin: str) -> Record:
    """Return the answer of create, read or cancel in the form of the switches (D.4, D.5, D.7)."""
    if op == "read":
        add_refs(account, [record], origin)
    if op == "cancel" and not account.settings.export_cancel_expired:
        del record["isExpired"]
    if is_flat(account, op):
        # The examples have no times.
        return {key: one for key, one in record.items() if key not in {"createdAt", "updatedAt"}}
    return {"export": record}


def is_flat(account: Account, op: str) -> bool:
    """Return whether an answer to this operation comes without wrapper and envelope."""
    flat = {"flat": {"create", "read", "cancel"}, "flat_create": {"create"}}
    return op in flat.get(account.settings.export_answers, ())


def add_refs(account: Account, records: Iterable[Record], origin: str) -> None:
    """Add the links of a job: absent without files, a string for one, else an array (D.5)."""
    base = (account.settings.export_ref_base or origin).rstrip("/")
    for record in records:
        job = account.jobs.get(record["id"])
        if job is None or job.state != COMPLETE or not job.files:
            continue
        path = f"{base}/api/export/version/{job.version}/do/downloadResults/id/{job.id}/file"
        # "In no order": newest file first is not the order of the rows.
        refs = [f"{path}/{file.id}" for file in reversed(job.files)]
        record["resultRefs"] = refs[0] if len(refs) == 1 else refs


def _find(account: Account, number: int, version: str | None) -> Job | None:
    if not account.model.where("export", "id = ?", [number]):
        raise PardotError(109)
    job = account.jobs.get(number)
    if job is not None and version is not None and job.version != version:
        raise PardotError(228)
    return job
