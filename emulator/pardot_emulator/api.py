"""One API call -> one answer, without a web framework: the grammar, the checks, the operations.

The order of refusals [?]: the path (198), credentials in the wrong place (49, 199), the token
(184 ...), the business unit (181, 182, 201), the limits (66, 122), the object (198), its version
(94, 88, 89), rights (46, 49), the operation (2, 13, 60), the parameters.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import unquote

from pardot_emulator import emails, records, wire
from pardot_emulator.errors import PardotError, status_of
from pardot_emulator.exports import ResultFile
from pardot_emulator.filters import integer, truth
from pardot_emulator.objects import OBJECTS
from pardot_emulator.query import select
from pardot_emulator.sheets import CSV_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pardot_emulator.account import Account, Record
    from pardot_emulator.schema import PardotObject

    # Body or file, and number of rows.
    Result: TypeAlias = tuple[Record | ResultFile, int]

BUSINESS_UNIT = "Pardot-Business-Unit-Id"
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
# Operations that change something, or that one line of the documents wants posted (D.2).
POSTED = frozenset({"send", "create", "cancel"})
# Refused in a query string with 49 (A.4), and never put into the call log.
CREDENTIALS = frozenset({"api_key", "user_key", "access_token", "password", "client_secret"})

_PATH = re.compile(
    r"/api/(?P<object>[^/]+)/version/(?P<version>[^/]+)/do/(?P<op>[^/]+)"
    r"(?P<fields>(?:/[^/]+/[^/]+)*)(?P<slash>/?)"
)
_LOGIN = re.compile(r"/api/login/version/[34]/?")
_BUSINESS_UNIT = re.compile(r"0Uv[A-Za-z0-9]{15}")


class Request(NamedTuple):
    """What of an HTTP request matters here. ``query`` and ``form`` keep repeated parameters."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    form: Mapping[str, list[str]]
    headers: Mapping[str, str]
    foreign_body: bool = False
    body: bytes = b""
    url_size: int = 0  # of path and query, in characters

    @property
    def params(self) -> dict[str, list[str]]:
        """Query and form parameters; the form wins (A.2: both are read)."""
        return {**self.query, **self.form}


class Route(NamedTuple):
    """A path by the grammar of A.2; ``fields`` are its id fields, ``key`` names the operation."""

    object: str
    version: str
    op: str
    fields: dict[str, str]
    slash: bool

    @property
    def key(self) -> str:
        """The operation with its path fields, such as ``read/id``."""
        return "/".join((self.op, *self.fields))


class Answer(NamedTuple):
    """An HTTP answer, and for the log its error code and number of rows."""

    status: int
    body: bytes
    content_type: str
    code: int | None = None
    rows: int | None = None
    file: ResultFile | None = None  # the body, if it may be too long to hold
    headers: Mapping[str, str] = MappingProxyType({})


def parse_path(path: str) -> Route | None:
    """Read a raw (still percent-encoded) path by the grammar of A.2; None when it is no call."""
    found = _PATH.fullmatch(path)
    if not found:
        return None
    parts = [unquote(part) for part in found["fields"].split("/")[1:]]
    fields = dict(zip(parts[::2], parts[1::2], strict=True))
    name, version, op = (unquote(found[part]) for part in ("object", "version", "op"))
    return Route(name, version, op, fields, slash=bool(found["slash"]))


def wants_json(params: Mapping[str, list[str]]) -> bool:
    """Return whether JSON was asked for; XML is the default (A.2)."""
    return params.get("format", [""])[-1] == "json"


def refusal(error: PardotError, *, as_json: bool, status: int) -> Answer:
    """Return the answer of an error (A.7)."""
    write = wire.error_json if as_json else wire.error_xml
    kind = wire.JSON_TYPE if as_json else wire.XML_TYPE
    return Answer(status, write(error.code, error.message), kind, code=error.code)


def answer(account: Account, request: Request, call: Record) -> Answer:
    """Answer one API call and complete its record ``call``."""
    as_json = wants_json(request.params)
    route = parse_path(request.path)
    emails.deliver_due(account)
    try:
        body, rows = _Call(account, request, call).run(route)
    except PardotError as error:
        # No client should ask for what does not exist: tests look for these in the log.
        call["unknown"] = error.code in {2, 198}
        status = status_of(error.code, account.settings, read=call["op"] == "read")
        return refusal(error, as_json=as_json, status=status)
    if isinstance(body, ResultFile):
        return Answer(200, b"", CSV_TYPE, rows=rows, file=body)
    if not as_json:
        return Answer(200, wire.to_xml(body), wire.XML_TYPE, rows=rows)
    is_bare = route is not None and route.object == "export"
    is_bare = is_bare and account.jobs.is_flat(call["op"])
    write = wire.to_bare_json if is_bare else wire.to_json
    return Answer(200, write(body), wire.JSON_TYPE, rows=rows)


def check_headers(account: Account, request: Request) -> None:
    """Check who calls, and for which business unit.

    Raises:
        PardotError: 49, 126, 181, 182, 184, 199, 201.
    """
    authorization = request.headers.get("Authorization")
    if CREDENTIALS & request.query.keys():
        raise PardotError(49)
    if authorization is None and CREDENTIALS & request.form.keys():
        raise PardotError(199)
    code, suffix = account.issuer.check(authorization)
    if code is not None:
        raise PardotError(code, PardotError(code).message + suffix)
    business_unit = request.headers.get(BUSINESS_UNIT)
    if business_unit is None:
        raise PardotError(181)
    if not _BUSINESS_UNIT.fullmatch(business_unit):
        raise PardotError(182)
    if business_unit != account.settings.business_unit_id:
        raise PardotError(201)


def admit(account: Account, call: Record) -> None:
    """Count a call of any version against the two limits.

    Raises:
        PardotError: 66, too many at the same time; 122, too many in a day.
    """
    call["headers_ok"] = True
    if call["in_flight"] > account.settings.max_concurrent:
        raise PardotError(66)
    if account.over_daily_limit():
        raise PardotError(122)


class _Call:
    """One call on its way through the checks."""

    def __init__(self, account: Account, request: Request, call: Record) -> None:
        self._account, self._request, self._call = account, request, call
        self._model, self._settings = account.model, account.settings
        self._params = {name: values[-1] for name, values in request.params.items()}
        self._origin = f"http://{request.headers.get('Host', '')}"

    def run(self, route: Route | None) -> Result:
        """Return body, or file, and number of rows.

        Raises:
            PardotError: The call is refused.
        """
        if route is None:
            # The old login was retired in Feb 2021 (B.4).
            raise PardotError(199 if _LOGIN.fullmatch(self._request.path) else 198)
        check_headers(self._account, self._request)
        admit(self._account, self._call)
        target = OBJECTS.get(route.object)
        # The slash at the end is documented for account/read only (C.1).
        if target is None or not target.ops or (route.slash and route.object != "account"):
            raise PardotError(198)
        self._check_version(route)
        self._settings.check_rights(route.object)
        self._check_operation(target, route)
        by_op = {
            "query": self._query,
            "send": self._send,
            "describe": self._describe,
            "stats": self._stats,
        }
        by_object = {"export": self._export, "emailTemplate": self._templates}
        handle = by_op.get(route.op) or by_object.get(target.name) or self._read
        return handle(target, route)

    def _check_version(self, route: Route) -> None:
        version, allowed = route.version, self._settings.api_version
        if not version.isdecimal():
            raise PardotError(94)
        if version not in {"3", "4"}:
            raise PardotError(198)
        by_3 = (route.object, route.op, version) == ("export", "cancel", "3")
        if int(version) != allowed and not (by_3 and self._settings.export_cancel_v3):
            # 88: version 3 was called and 4 must be used; 89: the other way round (A.3).
            raise PardotError(88 if allowed == 4 else 89)  # noqa: PLR2004

    def _check_operation(self, target: PardotObject, route: Route) -> None:
        if route.op not in {key.partition("/")[0] for key in target.ops}:
            raise PardotError(2)
        if route.key not in target.ops:
            raise PardotError(198 if route.fields else 13)
        allowed = {"POST"} if route.op in POSTED else {"GET", "POST"}
        if self._request.method not in allowed:
            raise PardotError(60)
        if self._request.foreign_body and target.name != "export":
            raise PardotError(151)

    def _query(self, target: PardotObject, _route: Route) -> Result:
        if target.name == "export":
            self._account.jobs.advance()
        selection = select(target, self._params, self._settings, self._call["n"])
        found = self._model.fetch(target.name, selection)
        is_bulk = target.outputs and self._params.get("output") == "bulk"
        has_total = self._settings.total_results and not is_bulk
        total = self._model.total(target.name, selection) if has_total else None
        rows = self._records(target, found, read=False)
        if target.name == "export" and self._settings.export_query_refs:
            self._account.jobs.add_refs(rows, self._origin)
        return wire.query_result(target.key, rows, total), len(rows)

    def _read(self, target: PardotObject, route: Route) -> Result:
        is_email = target.name == "email"
        with_message = not is_email or truth(self._params.get("include_message", "true"), 50)
        found, missing = records.find(self._model, target, route.fields)
        if found is None:
            raise PardotError(self._settings.unknown_email if is_email else missing)
        record = self._records(target, [found], read=True)[0]
        if not with_message:
            del record["message"]
        return {target.key: record}, 1

    def _export(self, target: PardotObject, route: Route) -> Result:
        jobs, request, version = self._account.jobs, self._request, route.version
        if route.op == "create":
            number = jobs.create(request.headers, request.body, version)
        elif route.op == "downloadResults":
            number, file_id = integer(route.fields["id"]), integer(route.fields["file"])
            file = jobs.file(number, file_id, version)
            return file, file.rows
        else:
            act = jobs.cancel if route.op == "cancel" else jobs.read
            number = act(integer(route.fields["id"]), version)
        rows = self._model.where("export", "id = ?", [number])
        record = self._records(target, rows, read=True)[0]
        return jobs.answer(record, route.op, self._origin), 1

    def _templates(self, target: PardotObject, route: Route) -> Result:
        is_list = route.op == "listOneToOne"
        archived = emails.with_archived(self._params, listing=is_list)
        clause = "isOneToOneEmail = 1" if is_list else f"id = {integer(route.fields['id'])}"
        found = emails.templates(self._model, clause, archived=archived)
        rows = self._records(target, found, read=not is_list)
        body = emails.templates_body if is_list else emails.template_body
        return body(rows, self._settings), len(rows)

    def _describe(self, _target: PardotObject, _route: Route) -> Result:
        return records.describe(self._model)

    def _stats(self, _target: PardotObject, route: Route) -> Result:
        stats = emails.stats(self._model, self._settings, integer(route.fields["id"]))
        if stats is None:
            raise PardotError(self._settings.unknown_email)
        return {"stats": stats}, 1

    def _send(self, target: PardotObject, route: Route) -> Result:
        number = emails.send(self._account, self._request.params, route.fields)
        found = self._model.where(target.name, "id = ?", [number])
        return {target.key: self._records(target, found, read=True)[0]}, 1

    def _records(
        self, target: PardotObject, found: list[tuple[Any, ...]], *, read: bool
    ) -> list[Record]:
        as_json = wants_json(self._request.params)
        numeric = self._settings.numeric_strings if as_json else "none"
        return records.make(
            self._model, self._settings, target, found, self._params, numeric=numeric, read=read
        )
