"""The HTTP server: the API, the token endpoint, and the ways a call can go wrong on the wire."""

from __future__ import annotations

import asyncio
import binascii
import socket
import struct
import time
from base64 import b64decode
from email.utils import formatdate
from http.client import responses
from io import BytesIO
from typing import TYPE_CHECKING, Any

from aiohttp import web

from pardot_emulator import api, control, delivery, v5, wire
from pardot_emulator.errors import PardotError, status_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multidict import MultiMapping

    from pardot_emulator.account import Account, Record
    from pardot_emulator.faults import Fault

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 -- a path
# POST is advised for long id lists (A.2), so bodies may be long.
MAX_BODY = 16 * 1024 * 1024
# Means that the connection was closed without an answer; never sent.
NO_ANSWER = 499

_STEP = 0.05
_OWN_DATE = "X-Own-Date"  # passes a date to the hook that sets `Date`; never sent


class Server:
    """Serves one account on 127.0.0.1."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> int:
        """Listen; return the port. Port 0 takes a free one."""
        self._runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=0.1, max_line_size=MAX_BODY
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port and drop the calls that still hang."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY)
        application.on_response_prepare.append(self._set_date)
        control.add_routes(application, self.account)
        application.router.add_post(TOKEN_PATH, self._token)
        application.router.add_route("*", "/{path:.*}", self._call)
        return application

    async def _set_date(self, _request: web.Request, response: web.StreamResponse) -> None:
        # A tap may take the run's end from here, so it follows the emulator's clock.
        date = formatdate(self.account.settings.now(), usegmt=True)
        response.headers["Date"] = response.headers.pop(_OWN_DATE, date)

    async def _call(self, http: web.Request) -> web.StreamResponse:
        """Answer any path that is neither the control endpoint nor the token endpoint."""
        account = self.account
        started = time.perf_counter()
        account.in_flight += 1
        call = account.open_call(http.method, http.rel_url.raw_path)
        try:
            request = await _read(http)
            _describe(call, request)
            _describe_export(call, request, account)
            response = await self._play(http, request, call)
            call["status"] = _sent(response)
        finally:
            account.in_flight -= 1
            call["seconds"] = round(time.perf_counter() - started, 6)
        return response

    async def _play(
        self, http: web.Request, request: api.Request, call: Record
    ) -> web.StreamResponse:
        faults = await self._strike(call)
        if call["in_flight"] <= self.account.settings.max_concurrent:
            # A call that is one too many is refused at once.
            await asyncio.sleep(self.account.settings.latency)
        ending = next((fault for fault in faults if fault.ends_call), None)
        if ending is not None:
            return await self._end(http, request, call, ending)
        with self.account.lock:
            answer = self._answer(request, call)
        call["code"], call["rows"] = answer.code, answer.rows
        if answer.file is not None:
            return await delivery.send(http, self.account, answer.file, faults, _headers(faults))
        for fault in faults:
            if fault.edit:
                answer = answer._replace(body=delivery.edited(answer.body, fault.edit))
        return await _finish(http, _response(answer), faults)

    async def _strike(self, call: Record) -> Sequence[Fault]:
        """Take the faults of a call and do what comes before its answer."""
        with self.account.lock:
            faults = self.account.waiting_faults.take(call)
            for fault in faults:
                if fault.change:
                    self.account.change(fault.change)
        for fault in faults:
            await asyncio.sleep(fault.latency)
        return faults

    async def _end(
        self, http: web.Request, request: api.Request | None, call: Record, fault: Fault
    ) -> web.StreamResponse:
        """Answer with the fault, or close the connection."""
        if fault.reset:
            return _reset(http)
        if fault.hang is not None:
            return await _hang(http, fault.hang)
        if fault.redirect is not None:
            headers = {"Location": fault.redirect, **(fault.headers or {})}
            return web.Response(status=fault.status or 302, headers=headers)
        if fault.code is not None:
            call["code"] = fault.code
            error = PardotError(fault.code, fault.message)
            answer = self._refusal(request, call, error, fault.status)
        elif fault.html:
            status = fault.status or 502
            answer = api.Answer(status, _page(status), "text/html")
        else:
            body = fault.body.encode() if isinstance(fault.body, str) else fault.body or b""
            answer = api.Answer(fault.status or 200, body, wire.JSON_TYPE)
        return await _finish(http, _response(answer), [fault])

    def _answer(self, request: api.Request, call: Record) -> api.Answer:
        """Answer a call in the dialect of its version, if that is still served."""
        settings = self.account.settings
        if request.url_size > settings.max_url:
            return api.Answer(414, _page(414), "text/html")
        if call["version"] not in settings.versions_gone:
            answer = v5.answer if v5.serves(request.path) else api.answer
            return answer(self.account, request, call)
        if settings.gone_answer == 404:  # noqa: PLR2004 -- a status
            return api.Answer(404, _page(404), "text/html")
        return self._refusal(request, call, PardotError(198))

    def _refusal(
        self,
        request: api.Request | None,
        call: Record,
        error: PardotError,
        status: int | None = None,
    ) -> api.Answer:
        """Return the answer of an error in the dialect of the call."""
        settings = self.account.settings
        if request is not None and v5.serves(request.path):
            return v5.refusal(error, settings, status)
        status = status or status_of(error.code, settings, read=call["op"] == "read")
        as_json = request is None or api.wants_json(request.params)
        return api.refusal(error, as_json=as_json, status=status)

    async def _token(self, http: web.Request) -> web.StreamResponse:
        """Answer the token endpoint (reference B); its calls have a log of their own."""
        account = self.account
        # Salesforce also reads the query string of a POST: a client in use sends everything there.
        sent = {**http.query, **await http.post()}
        form = {key: value for key, value in sent.items() if isinstance(value, str)}
        login: Record = {
            "n": len(account.login_log) + 1,
            "at": time.time(),
            "path": http.path,
            "op": "token",
            "params": {"grant_type": form.get("grant_type", "")},
            "grant_type": form.get("grant_type"),
            **dict.fromkeys(("version", "object", "status", "error", "code")),
        }
        with account.lock:
            account.login_log.append(login)
        faults = await self._strike(login)
        ending = next((fault for fault in faults if fault.ends_call), None)
        if ending is not None:
            response = await self._end(http, None, login, ending)
            login["status"] = _sent(response)
            return response
        with account.lock:
            status, body = account.issuer.exchange(form, _basic(http))
        login["status"], login["error"] = status, body.get("error")
        return await _finish(http, web.json_response(body, status=status), faults)


def _page(status: int) -> bytes:
    """Return the HTML page of a gateway."""
    title = f"{status} {responses.get(status, 'Error')}"
    body = f"<head><title>{title}</title></head><body><h1>{title}</h1></body>"
    return f"<!DOCTYPE html><html>{body}</html>".encode()


async def _read(http: web.Request) -> api.Request:
    """Read parameters from the query and from a form body (A.2)."""
    form: dict[str, list[str]] = {}
    is_form = http.content_type in api.FORM_TYPES
    # A body of several parts can be read only once, and no JSON comes in one.
    multipart = http.content_type.startswith("multipart/")
    body = b"" if multipart or http.method != "POST" else await http.read()
    if is_form:
        form = _lists(await http.post())
    return api.Request(
        method=http.method,
        path=http.rel_url.raw_path,
        query=_lists(http.query),
        form=form,
        headers=http.headers,
        foreign_body=not is_form and bool(body),
        body=body,
        url_size=len(http.raw_path),
    )


def _lists(values: MultiMapping[Any]) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for name, value in values.items():
        if isinstance(value, str):
            lists.setdefault(name, []).append(value)
    return lists


def _describe(call: Record, request: api.Request) -> None:
    """Put what is known before the checks into the record; secrets never."""
    route = api.parse_path(request.path)
    if v5.serves(request.path):
        v5.describe(call, request.path)
    elif route is not None:
        call["object"], call["op"], call["version"] = route.object, route.op, route.version
        if route.version.isdecimal():
            call["version"] = int(route.version)
        given = route.fields.get("id") or next(iter(route.fields.values()), None)
        call["id"] = int(given) if given and given.isascii() and given.isdecimal() else given
    call["params"] = {
        name: values if len(values) > 1 or name.endswith("[]") else values[0]
        for name, values in request.params.items()
        if name not in api.CREDENTIALS
    }


def _describe_export(call: Record, request: api.Request, account: Account) -> None:
    """Put what a call for an export is about into its parameters, so that faults can match it."""
    if call["object"] != "export":
        return
    if call["op"] == "downloadResults":
        call["op"] = "download"
    if call["op"] == "create":
        # A JSON body under a form's content type is no parameter.
        call["params"] = {key: one for key, one in call["params"].items() if key in request.query}
        call["params"].update(delivery.asked(request.body))
    with account.lock:
        job = account.jobs.get(call["id"])
        if job is not None:
            call["params"]["object"] = job.plan.target.name


def _response(answer: api.Answer) -> web.Response:
    return web.Response(
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        content_type=answer.content_type,
        # Without a charset for JSON: a family of clients in use compares the header as a whole.
        charset=None if answer.content_type == wire.JSON_TYPE else "utf-8",
    )


def _sent(response: web.StreamResponse) -> int | None:
    return None if response.status == NO_ANSWER else response.status


def _headers(faults: Sequence[Fault]) -> dict[str, str]:
    """Return the headers that faults add to an answer."""
    return {name: value for fault in faults for name, value in (fault.headers or {}).items()}


async def _finish(
    http: web.Request, whole: web.Response, faults: Sequence[Fault]
) -> web.StreamResponse:
    """Do to an answer what faults that let it through still do."""
    headers, cut = _headers(faults), delivery.cut_of(faults)
    whole.headers.update(headers)
    if "Date" in headers:
        # As of a gateway that answers in Pardot's place.
        whole.headers[_OWN_DATE] = headers["Date"]
    if cut is None:
        return whole
    body = BytesIO(whole.body if isinstance(whole.body, bytes) else b"")
    response = web.StreamResponse(status=whole.status, headers=whole.headers)
    await delivery.send_body(http, response, body, cut)
    return response


def _reset(http: web.Request) -> web.Response:
    """Close the connection with a TCP RST."""
    if http.transport is not None:
        connection = http.transport.get_extra_info("socket")
        # Linger 0 turns the close into a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        http.transport.abort()
    return web.Response(status=NO_ANSWER)


async def _hang(http: web.Request, seconds: float) -> web.Response:
    """Send nothing, then close; a call whose client has left frees its slot."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if http.transport is None or http.transport.is_closing():
            break
        await asyncio.sleep(_STEP)
    if http.transport is not None:
        http.transport.abort()
    return web.Response(status=NO_ANSWER)


def _basic(http: web.Request) -> tuple[str, str] | None:
    """Return user and password of an HTTP Basic header, None without a readable one."""
    scheme, _, value = http.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, password
