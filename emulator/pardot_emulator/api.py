"""One API call -> one answer, without a web framework: the grammar, the checks, the operations.

What is refused, in which order: the path (198), credentials where they don't belong (49, 199), the
token (184 …), the business unit (181, 182, 201), the limits (66, 122), the object (198), its
version (94, 88, 89), rights (46, 49), the operation (2, 13, 60), the parameters. The order is [?].
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from pardot_emulator import emails, export_calls, related, sending, wire
from pardot_emulator.errors import PardotError, status_for
from pardot_emulator.exports import ResultFile
from pardot_emulator.filters import integer
from pardot_emulator.objects import OBJECTS
from pardot_emulator.query import select
from pardot_emulator.settings import API_USER
from pardot_emulator.sheets import CSV_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pardot_emulator.account import Account, Record
    from pardot_emulator.schema import PardotObject

BUSINESS_UNIT = "Pardot-Business-Unit-Id"
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
# Refused in a query string with 49 (reference A.4), and never kept in the call log.
# Operations that change something, or that one line of the documents wants posted (D.2).
POSTED = frozenset({"send", "create", "cancel"})
CREDENTIALS = frozenset({"api_key", "user_key", "access_token", "password", "client_secret"})

_PATH = re.compile(
    r"/api/(?P<object>[^/]+)/version/(?P<version>[^/]+)/do/(?P<op>[^/]+)"
    r"(?P<fields>(?:/[^/]+/[^/]+)*)(?P<slash>/?)"
)
_LOGIN = re.compile(r"/api/login/version/[34]/?")
_BUSINESS_UNIT = re.compile(r"0Uv[A-Za-z0-9]{15}")
_BOOLEANS = {"true": True, "false": False}


class Request(NamedTuple):
    """What of an HTTP request matters here. ``query`` and ``form`` keep repeated parameters."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    form: Mapping[str, list[str]]
    headers: Mapping[str, str]
    foreign_body: bool = False
    body: bytes = b""

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
    """An HTTP answer, and for the log its error code and number of rows.

    With ``file`` the body is that file, which may be too long to hold.
    """

    status: int
    body: bytes
    content_type: str
    code: int | None = None
    rows: int | None = None
    file: ResultFile | None = None


def parse_path(path: str) -> Route | None:
    """Read a raw (still percent-encoded) path by the grammar of A.2; None when it is no call."""
    found = _PATH.fullmatch(path)
    if not found:
        return None
    parts = [unquote(part) for part in found["fields"].split("/")[1:]]
    return Route(
        object=unquote(found["object"]),
        version=unquote(found["version"]),
        op=unquote(found["op"]),
        fields=dict(zip(parts[::2], parts[1::2], strict=True)),
        slash=bool(found["slash"]),
    )


def wants_json(params: Mapping[str, list[str]]) -> bool:
    """Say whether JSON was asked for; XML is the default (A.2)."""
    return params.get("format", [""])[-1] == "json"


def refusal(error: PardotError, *, as_json: bool, status: int) -> Answer:
    """Return the answer of an error (A.7)."""
    write = wire.error_json if as_json else wire.error_xml
    kind = wire.JSON_TYPE if as_json else wire.XML_TYPE
    return Answer(status, write(error.code, error.message), kind, code=error.code)


def status_of(account: Account, code: int, op: str | None = None) -> int:
    """Return the HTTP status of an error by the switches."""
    settings = account.settings
    return status_for(
        code,
        read=op == "read",
        legacy_status=settings.legacy_status,
        throttle_status=settings.throttle_status,
        not_found_status=settings.not_found_status,
    )


def answer(account: Account, request: Request, call: Record) -> Answer:
    """Answer one API call and complete its record.

    Args:
        account: The account.
        request: The call.
        call: Its record; ``headers_ok`` and ``unknown`` are set here.
    """
    as_json = wants_json(request.params)
    route = parse_path(request.path)
    sending.deliver_due(account)
    try:
        body, rows = _Call(account, request, route, call).run()
        if isinstance(body, ResultFile):
            return Answer(200, b"", CSV_TYPE, rows=rows, file=body)
    except PardotError as error:
        # Nobody should ask for what does not exist: tests look for these in the log.
        call["unknown"] = error.code in {2, 198}
        status = status_of(account, error.code, route.op if route else None)
        return refusal(error, as_json=as_json, status=status)
    write = wire.to_json if as_json else wire.to_xml
    if as_json and route is not None and export_calls.is_bare(route.object, route.op, account):
        write = wire.to_bare_json
    return Answer(200, write(body), wire.JSON_TYPE if as_json else wire.XML_TYPE, rows=rows)


class _Call:
    """One call on its way through the checks."""

    def __init__(
        self, account: Account, request: Request, route: Route | None, call: Record
    ) -> None:
        self._account = account
        self._request = request
        self._route = route
        self._call = call
        self._all = request.params
        self._params = {name: values[-1] for name, values in self._all.items()}
        self._numeric = account.settings.numeric_strings if wants_json(self._all) else "none"

    def run(self) -> tuple[dict[str, Any] | ResultFile, int]:
        """Return body, or file, and number of rows.

        Raises:
            PardotError: The call is refused.
        """
        route = self._route
        if route is None:
            # Legacy login was retired in Feb 2021 (B.4).
            raise PardotError(199 if _LOGIN.fullmatch(self._request.path) else 198)
        self._check_headers()
        self._call["headers_ok"] = True
        settings = self._account.settings
        if self._call["in_flight"] > settings.max_concurrent:
            raise PardotError(66)
        if self._account.over_daily_limit():
            raise PardotError(122)
        target = self._target(route)
        self._check_version(route)
        if route.object in settings.forbidden:
            raise PardotError(settings.forbidden[route.object])
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

    def _export(
        self, target: PardotObject, route: Route
    ) -> tuple[dict[str, Any] | ResultFile, int]:
        account, request = self._account, self._request
        if route.op == "create":
            row = export_calls.create(account, request.headers, request.body, route.version)
        elif route.op == "downloadResults":
            number, file_id = integer(route.fields["id"]), integer(route.fields["file"])
            file = export_calls.download(account, number, file_id, route.version)
            return file, file.rows
        else:
            act = export_calls.cancel if route.op == "cancel" else export_calls.read
            row = act(account, integer(route.fields["id"]), route.version)
        record = self._records(target, [row], read=True)[0]
        origin = f"http://{request.headers.get('Host', '')}"
        return export_calls.body(account, record, route.op, route.version, origin), 1

    def _check_headers(self) -> None:
        request = self._request
        authorization = request.headers.get("Authorization")
        if CREDENTIALS & request.query.keys():
            raise PardotError(49)
        if authorization is None and CREDENTIALS & request.form.keys():
            raise PardotError(199)
        code = self._account.issuer.check(authorization)
        if code is not None:
            error = PardotError(code)
            suffix = self._account.issuer.suffix(authorization) if code == 184 else ""  # noqa: PLR2004
            raise PardotError(code, error.message + suffix)
        business_unit = request.headers.get(BUSINESS_UNIT)
        if business_unit is None:
            raise PardotError(181)
        if not _BUSINESS_UNIT.fullmatch(business_unit):
            raise PardotError(182)
        if business_unit != self._account.settings.business_unit_id:
            raise PardotError(201)

    def _check_version(self, route: Route) -> None:
        version = route.version
        if not version.isdecimal():
            raise PardotError(94)
        if version not in {"3", "4"}:
            raise PardotError(198)
        allowed = self._account.settings.api_version
        if (route.object, route.op) == ("export", "cancel") and (
            version == "3" and self._account.settings.export_cancel_v3
        ):
            return
        if int(version) != allowed:
            # 88: you called 3, must use 4. 89: you called 4, can't (A.3).
            raise PardotError(88 if allowed == 4 else 89)  # noqa: PLR2004

    def _target(self, route: Route) -> PardotObject:
        target = OBJECTS.get(route.object)
        # The slash at the end is documented for account/read only (C.1).
        if target is None or not target.ops or (route.slash and route.object != "account"):
            raise PardotError(198)
        return target

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

    def _query(self, target: PardotObject, _route: Route) -> tuple[dict[str, Any], int]:
        model = self._account.model
        if target.name == "export":
            self._account.jobs.advance()
        selection = select(
            target, self._params, self._account.settings, call_number=self._call["n"]
        )
        found = model.fetch(target.name, selection)
        bulk = target.outputs and self._params.get("output") == "bulk"
        total = None if bulk else model.total(target.name, selection)
        records = self._records(target, found, read=False)
        if target.name == "export" and self._account.settings.export_query_refs:
            origin = f"http://{self._request.headers.get('Host', '')}"
            export_calls.add_refs(self._account, records, origin)
        return wire.query_result(target.key, records, total), len(records)

    def _templates(self, target: PardotObject, route: Route) -> tuple[dict[str, Any], int]:
        model, settings = self._account.model, self._account.settings
        if route.op == "listOneToOne":
            archived = emails.with_archived(self._params, listing=True)
            found = emails.one_to_one(model, archived=archived)
            records = self._records(target, found, read=False)
            return emails.templates_body(records, settings), len(records)
        archived = emails.with_archived(self._params, listing=False)
        one = emails.template(model, integer(route.fields["id"]), archived=archived)
        records = [] if one is None else self._records(target, [one], read=True)
        return emails.template_body(records[0] if records else None, settings), len(records)

    def _describe(self, _target: PardotObject, _route: Route) -> tuple[dict[str, Any], int]:
        return related.describe(self._account.model)

    def _stats(self, _target: PardotObject, route: Route) -> tuple[dict[str, Any], int]:
        settings = self._account.settings
        stats = emails.stats(self._account.model, settings, integer(route.fields["id"]))
        if stats is None:
            raise PardotError(settings.unknown_email)
        return {"stats": stats}, 1

    def _read(self, target: PardotObject, route: Route) -> tuple[dict[str, Any], int]:
        model = self._account.model
        is_email = target.name == "email"
        with_message = not is_email or self._flag("include_message", default=True)
        if target.name in related.READS:
            found, missing = related.read(model, target, route.fields)
        elif "email" in route.fields:
            found = model.fetch_one(target.name, "email", route.fields["email"])
            missing = 11
        elif "id" in route.fields:
            found = model.fetch_one(target.name, "id", integer(route.fields["id"]))
            missing = target.missing_id
        else:
            found, missing = model.first(target.name), target.missing_id
        if found is None:
            raise PardotError(self._account.settings.unknown_email if is_email else missing)
        record = self._records(target, [found], read=True)[0]
        if not with_message:
            record.pop("message", None)
        return {target.key: record}, 1

    def _send(self, target: PardotObject, route: Route) -> tuple[dict[str, Any], int]:
        number = sending.send(self._account, self._all, route.fields)
        found = self._account.model.fetch_one(target.name, "id", number)
        records = self._records(target, [found] if found else [], read=True)
        return {target.key: records[0]}, len(records)

    def _records(
        self, target: PardotObject, found: list[tuple[Any, ...]], *, read: bool
    ) -> list[dict[str, Any]]:
        settings, model = self._account.settings, self._account.model
        output = self._params.get("output", "full")
        own = model.custom_fields(target.custom) if target.custom else {}
        shown = related.fields_shown(target, self._params, own, settings)
        encode = wire.Encoder(
            target,
            wall=settings.wall,
            output=output,
            read=read,
            numeric=self._numeric,
            with_timezone=settings.user_timezone,
            bulk_nested=settings.bulk_nested,
            # In bulk, no custom fields (C.16); mobile is a short record.
            custom=None if target.name == "prospect" and output in {"bulk", "mobile"} else own,
            wrapped=related.wrapped_types(target, settings),
        )
        records = [encode(values) for values in found]
        if encode.nested_campaign:
            records = wire.nest_campaigns(
                records, model.campaign_names, self._numeric, twice=target.campaign_twice
            )
        if output not in {"simple", "bulk", "mobile"}:
            related.complete(target, records, self._related, read=read)
        if target.name == "visit" and settings.visit_no_views == "absent":
            for record in records:
                if record["visitor_page_views"] is None:
                    del record["visitor_page_views"]
        if shown is not None:
            records = [
                {key: one for key, one in record.items() if key in shown} for record in records
            ]
        if target.name == "user" and settings.user_timezone:
            for record in records:
                if record["email"] == API_USER and record.get("timezone") is None:
                    record["timezone"] = settings.timezone
        return records

    def _related(self, name: str, clause: str, value: int) -> list[dict[str, Any]]:
        """Return rows of another object that belong to one, as simple records."""
        encode = wire.Encoder(
            OBJECTS[name],
            wall=self._account.settings.wall,
            output="simple",
            numeric=self._numeric,
        )
        return [encode(row) for row in self._account.model.where(name, clause, [value])]

    def _flag(self, name: str, *, default: bool) -> bool:
        text = self._params.get(name)
        if text is None:
            return default
        if text not in _BOOLEANS:
            raise PardotError(50)
        return _BOOLEANS[text]
