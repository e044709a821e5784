"""Version 5: one API call -> one answer. The grammar, the checks, the operations.

Sections are those of the reference of version 5. Only reading is served: any other method is
refused with 60. The order of refusals is that of `api` [?].
"""

from __future__ import annotations

import re
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import msgspec.json

from pardot_emulator import api, emails, v5_query
from pardot_emulator.errors import UNAUTHORIZED, PardotError, status_of
from pardot_emulator.objects import OBJECTS, STATS_RATES
from pardot_emulator.objects_people import NO_SESSION
from pardot_emulator.v5_computed import DAILY_CALLS
from pardot_emulator.v5_objects import V5_OBJECTS
from pardot_emulator.v5_records import Reader, Record
from pardot_emulator.wire import JSON_TYPE

if TYPE_CHECKING:
    from pardot_emulator.account import Account
    from pardot_emulator.settings import Settings
    from pardot_emulator.v5_declare import V5Object

IN_BIN = "201;Record In Recycle Bin"
REDACTED = "202;Record(s) have been redacted from output due to access rules"
CAPPED = "203;Record count for nextPageToken sequence has been exceeded. No page token returned."
WARNING = "Pardot-Warning"

_PREFIX = "/api/v5/"
_PATH = re.compile(r"(?P<path>(?:objects/)?[^/]+)(?:/(?P<id>[^/]+)(?:/(?P<action>[^/]+))?)?")
_STATS = ("list-emails", "stats")
_WORD = re.compile(r"_(\w)")


class Route(NamedTuple):
    """A path of version 5."""

    target: V5Object | None
    id: str | None
    action: str | None

    @property
    def op(self) -> str:
        """The operation, as the log and faults call it."""
        single = self.target is not None and self.target.name == "account"
        return self.action or ("read" if self.id is not None or single else "query")


class Found(NamedTuple):
    """The content of an answer, its rows and headers; ``status`` 304 has no content."""

    body: Any
    rows: int
    headers: dict[str, str]
    status: int = 200


def serves(path: str) -> bool:
    """Return whether a raw path is one of version 5."""
    return path.startswith(_PREFIX)


def parse_path(path: str) -> Route | None:
    """Read a raw path by the grammar of A.2; None when it is none."""
    found = _PATH.fullmatch(path.removeprefix(_PREFIX))
    if found is None:
        return None
    parts = (found[one] and unquote(found[one]) for one in ("id", "action"))
    return Route(V5_OBJECTS.get(found["path"]), *parts)


def describe(call: Record, path: str) -> None:
    """Put what a path says into the record of a call: objects are called as in v3/v4."""
    call["version"] = 5
    route = parse_path(path)
    if route is not None:
        call["object"] = None if route.target is None else route.target.name
        call["op"] = route.op
        is_number = route.id is not None and route.id.isascii() and route.id.isdecimal()
        call["id"] = int(route.id or 0) if is_number else route.id


def refusal(error: PardotError, settings: Settings, status: int | None = None) -> api.Answer:
    """Return the answer of an error (A.7)."""
    body = msgspec.json.encode({"code": error.code, "message": error.message})
    if status is None:
        status = _status(error.code, settings)
    return api.Answer(status, body, JSON_TYPE, code=error.code)


def answer(account: Account, request: api.Request, call: Record) -> api.Answer:
    """Answer one API call and complete its record ``call``."""
    emails.deliver_due(account)
    try:
        found = _Call(account, request, call).run(parse_path(request.path))
    except PardotError as error:
        call["unknown"] = error.code == 198  # noqa: PLR2004 -- a code
        refused = refusal(
            error, account.settings, 401 if isinstance(error, _Unauthorized) else None
        )
        warning = {WARNING: IN_BIN} if isinstance(error, _InBin) else {}
        return refused._replace(headers={**warning, **_usage(account, request)})
    body = b"" if found.body is None else msgspec.json.encode(found.body)
    headers = {**found.headers, **_usage(account, request)}
    return api.Answer(found.status, body, JSON_TYPE, rows=found.rows, headers=headers)


class _Unauthorized(PardotError):
    """The token is missing or refused."""


class _InBin(PardotError):
    """The record is in the recycle bin."""


def _status(code: int, settings: Settings) -> int:
    if code in {46, 49}:
        return settings.v5_forbidden_status
    if code == 60:  # noqa: PLR2004 -- a code
        return 405
    return status_of(code, settings, read=False)


def _usage(account: Account, request: api.Request) -> dict[str, str]:
    """Return the header with the calls of the day, if it is asked for (A.1)."""
    if request.headers.get("X-Return-Api-Usage", "").lower() not in {"1", "true"}:
        return {}
    used, most = account.calls_today, account.settings.daily_limit or DAILY_CALLS
    texts = {
        "used/maximum": f"{used}/{most}",
        "used": f"{used}",
        "words": f"{used} of {most} calls used",
    }
    return {"x-api-usage": texts[account.settings.v5_usage]}


class _Call:
    """One call on its way through the checks."""

    def __init__(self, account: Account, request: api.Request, call: Record) -> None:
        self._account, self._request, self._call = account, request, call
        self._model, self._settings = account.model, account.settings
        self._params = {name: values[-1] for name, values in request.query.items()}

    def run(self, route: Route | None) -> Found:
        """Return what was asked for.

        Raises:
            PardotError: The call is refused.
        """
        if route is None:
            raise PardotError(198)
        self._check_caller()
        target = self._target(route)
        if route.action is not None:
            return self._stats(_integer(route.id))
        # `fields` may come twice: beside `nextPageUrl`'s own (A.5).
        given = self._request.query.get("fields", ())
        names = [one.strip() for text in given for one in text.split(",")]
        if not any(names):
            raise PardotError(13, f"{PardotError(13).message}: fields")
        if target.name == "account":
            return self._account_record(target, names)
        if route.id is not None:
            return self._read(target, _integer(route.id), names)
        return self._query(target, names)

    def _check_caller(self) -> None:
        try:
            api.check_headers(self._account, self._request)
        except PardotError as error:
            if error.code not in UNAUTHORIZED and error.code != 49:  # noqa: PLR2004 -- a code
                raise
            raise _Unauthorized(self._settings.v5_unauthorized) from error
        api.admit(self._account, self._call)

    def _target(self, route: Route) -> V5Object:
        """Return the object of a path, which this user may see by this method."""
        target = route.target
        if target is None or (target.name == "account" and route.id is not None):
            raise PardotError(198)
        if route.action is not None and (target.title, route.action) != _STATS:
            raise PardotError(198)
        self._settings.check_rights(target.name)
        self._settings.check_rights(f"v5/{target.title}")
        if self._request.method != "GET":
            raise PardotError(60)
        return target

    def _query(self, target: V5Object, names: list[str]) -> Found:
        reader = Reader(self._model, self._settings, read=False)
        wanted = reader.wanted(target, names)
        self._check_variations(target)
        page = v5_query.page(target, self._params, self._settings, self._exists(target))
        columns = ["id", *page.key, *reader.columns(wanted)]
        tail = f"{page.where} ORDER BY {page.order} LIMIT {page.limit + 1} OFFSET {page.offset}"
        rows = reader.rows(columns, target, tail, page.values)
        more, rows = len(rows) > page.limit, rows[: page.limit]
        headers, token = {}, None
        if more and page.capped:
            headers[WARNING] = CAPPED
        elif more:
            dies = self._settings.now() + v5_query.TOKEN_LIFE
            last = rows[-1][1 : 1 + len(page.key)]
            expires = self._settings.wall.offset_text(dies)
            token = v5_query.token(target, page, last, len(rows), expires)
        shown = self._shown(target, rows)
        if len(shown) < len(rows) and self._settings.v5_hidden_warning:
            headers[WARNING] = ", ".join([REDACTED, *headers.values()])
        records = reader.records(wanted, [row[1 + len(page.key) :] for row in shown])
        body = {
            "nextPageToken": token,
            "nextPageUrl": token and self._url(names, token),
            "values": records,
        }
        return Found(body, len(records), headers)

    def _check_variations(self, target: V5Object) -> None:
        """Refuse variations without a filter, by switch."""
        refused = self._settings.v5_variations == "refused"
        if target.name == "dynamicContentVariation" and refused and not self._by_content():
            raise PardotError(13, f"{PardotError(13).message}: dynamicContentId")

    def _by_content(self) -> bool:
        return "dynamicContentId" in self._params or "nextPageToken" in self._params

    def _exists(self, target: V5Object) -> tuple[str, ...]:
        """Return the conditions of rows that any answer may contain."""
        empty = self._settings.v5_variations == "empty"
        if target.name == "dynamicContentVariation" and empty and not self._by_content():
            return ("0",)
        exists = OBJECTS[target.name].exists
        if not exists or (exists == NO_SESSION and self._settings.v5_sessions):
            return ()
        return (exists,)

    def _shown(self, target: V5Object, rows: list[Any]) -> list[Any]:
        """Return the rows that the API user may see; the others are taken out of the page."""
        hidden = set(dict(self._settings.v5_hidden).get(target.name, ()))
        return [row for row in rows if row[0] not in hidden]

    def _url(self, names: list[str], token: str) -> str:
        """Return the address of the next page; the token is not escaped (A.5)."""
        base = f"http://{self._request.headers.get('Host', '')}{self._request.path}"
        return f"{base}?fields={','.join(names)}&nextPageToken={token}"

    def _read(self, target: V5Object, number: int, names: list[str]) -> Found:
        reader = Reader(self._model, self._settings, read=True)
        wanted = reader.wanted(target, names)
        self._refuse_others()
        columns = ["id", target.recycle_bin or "0", self._changed(target), *reader.columns(wanted)]
        clause = " AND ".join(("id = ?", *self._exists_by_id(target)))
        rows = self._shown(target, reader.rows(columns, target, clause, [number]))
        if not rows:
            raise PardotError(109)
        if rows[0][1]:
            raise _InBin(109)
        headers = {} if rows[0][2] is None else {"Last-Modified": _http_date(rows[0][2])}
        if headers and self._unchanged_since(rows[0][2]):
            return Found(None, 0, headers, 304)
        return Found(reader.records(wanted, [rows[0][3:]])[0], 1, headers)

    def _exists_by_id(self, target: V5Object) -> tuple[str, ...]:
        return () if target.name == "dynamicContentVariation" else self._exists(target)

    def _changed(self, target: V5Object) -> str:
        """Return the SQL of a row's last change."""
        for name in ("updatedAt", "createdAt"):
            if name in target.fields:
                return target.fields[name].sql
        return "NULL"

    def _unchanged_since(self, changed: int) -> bool:
        text = self._request.headers.get("If-Modified-Since")
        try:
            return text is not None and changed <= parsedate_to_datetime(text).timestamp()
        except ValueError:
            return False

    def _refuse_others(self) -> None:
        """A read takes ``fields`` only."""
        other = next((name for name in self._params if name != "fields"), None)
        if other is not None:
            raise v5_query.invalid(other)

    def _account_record(self, target: V5Object, names: list[str]) -> Found:
        reader = Reader(self._model, self._settings, read=True)
        wanted = reader.wanted(target, names)
        self._refuse_others()
        rows = reader.rows(reader.columns(wanted), target, "1 ORDER BY id LIMIT 1")
        if not rows:
            raise PardotError(109)
        record = reader.records(wanted, rows)[0]
        counted = {
            "maximumDailyApiCalls": self._settings.daily_limit or DAILY_CALLS,
            "apiCallsUsed": self._account.calls_today,
        }
        record.update({name: value for name, value in counted.items() if name in record})
        if self._settings.v5_account == "bare":
            return Found(record, 1, {})
        return Found({"values": [record]}, 1, {})

    def _stats(self, number: int) -> Found:
        self._settings.check_rights("v5/list-emails/stats")
        figures = emails.stats(self._model, self._settings, number)
        if figures is None and not self._model.where("listEmail", "id = ?", [number]):
            raise PardotError(109)
        if figures is None:
            figures = emails.no_stats(self._settings)
        if self._settings.v5_rates == "numbers":
            for name in STATS_RATES:
                figures[name] = _number(figures.get(name))
        return Found({_camel(name): value for name, value in figures.items()}, 1, {})


def _integer(text: str | None) -> int:
    if text is None or not text.isascii() or not text.isdecimal():
        raise PardotError(16)
    return int(text)


def _number(rate: object) -> object:
    """Return a rate such as 98.42% as a number; other values stay."""
    if not isinstance(rate, str) or not rate.endswith("%"):
        return rate or None
    return float(rate.removesuffix("%"))


def _camel(name: str) -> str:
    return _WORD.sub(lambda found: found[1].upper(), name)


def _http_date(instant: int) -> str:
    return formatdate(instant, usegmt=True)
