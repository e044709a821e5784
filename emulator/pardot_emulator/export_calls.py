"""The operations of an export after the common checks: create, read, cancel, download (D.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pardot_emulator.errors import PardotError
from pardot_emulator.exportables import canonical
from pardot_emulator.exports import COMPLETE
from pardot_emulator.procedures import plan, read_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pardot_emulator.account import Account
    from pardot_emulator.exports import Job, ResultFile

JSON = "application/json"


def create(
    account: Account, headers: Mapping[str, str], body: bytes, version: str
) -> tuple[Any, ...]:
    """Put a job into the queue (D.3); return its row.

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
    if name is not None and name in settings.forbidden:
        raise PardotError(settings.forbidden[name])
    planned = plan(request, settings, account.model.custom_fields)
    return _row(account, account.jobs.create(planned, version).id)


def read(account: Account, number: int, version: str) -> tuple[Any, ...]:
    """Return the row of a job (D.5).

    Raises:
        PardotError: 109, no such job; 228, it belongs to another API version.
    """
    _find(account, number, version)
    account.jobs.poll()
    return _row(account, number)


def cancel(account: Account, number: int, version: str) -> tuple[Any, ...]:
    """End a job that waits or runs; return its row (D.7).

    Raises:
        PardotError: 109, 228; 178, it has ended already.
    """
    job = _find(account, number, None if account.settings.export_cancel_v3 else version)
    if job is None:
        # Seeded rows have all ended.
        raise PardotError(178)
    account.jobs.cancel(job)
    return _row(account, number)


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


def body(
    account: Account, record: dict[str, Any], op: str, version: str, origin: str
) -> dict[str, Any]:
    """Return the answer of create, read or cancel in the form of the switches (D.4, D.5, D.7)."""
    settings = account.settings
    if op == "read":
        _add_refs(account, record, version, origin)
    if op == "cancel" and not settings.export_cancel_expired:
        del record["isExpired"]
    if _is_flat(op, account):
        # The examples have no times.
        return {key: one for key, one in record.items() if key not in {"createdAt", "updatedAt"}}
    return {"export": record}


def is_bare(name: str, op: str, account: Account) -> bool:
    """Say whether an answer comes without envelope."""
    return name == "export" and op in {"create", "read", "cancel"} and _is_flat(op, account)


def _is_flat(op: str, account: Account) -> bool:
    answers = account.settings.export_answers
    return answers == "flat" or (answers == "flat_create" and op == "create")


def add_refs(account: Account, records: Iterable[dict[str, Any]], origin: str) -> None:
    """Show the links in rows of a query too (D.6 [X])."""
    for record in records:
        job = account.jobs.get(record["id"])
        if job is not None:
            _add_refs(account, record, job.version, origin)


def _add_refs(account: Account, record: dict[str, Any], version: str, origin: str) -> None:
    """Absent without files, a string for one, an array for several (D.5)."""
    job = account.jobs.get(record["id"])
    if job is None or job.state != COMPLETE or not job.files:
        return
    base = (account.settings.export_ref_base or origin).rstrip("/")
    path = f"{base}/api/export/version/{version}/do/downloadResults/id/{job.id}/file"
    # "In no order": newest file first is not the order of the rows.
    refs = [f"{path}/{file.id}" for file in reversed(job.files)]
    record["resultRefs"] = refs[0] if len(refs) == 1 else refs


def _find(account: Account, number: int, version: str | None) -> Job | None:
    if account.model.fetch_one("export", "id", number) is None:
        raise PardotError(109)
    job = account.jobs.get(number)
    if job is not None and version is not None and job.version != version:
        raise PardotError(228)
    return job


def _row(account: Account, number: int) -> tuple[Any, ...]:
    row = account.model.fetch_one("export", "id", number)
    if row is None:
        raise PardotError(109)
    return row
