"""The control endpoint under ``/emulator``: tests and demos change the account through it.

A path of its own, far from the API's, so that no client of Pardot ever meets it. JSON both ways.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pardot_emulator.state import State

PREFIX = "/emulator"


def add_routes(application: web.Application, state: State) -> None:
    """Add the control endpoint to an application."""
    control = _Control(state)
    for method, path, handler in (
        ("GET", "/health", control.health),
        ("GET", "/calls", control.calls),
        ("DELETE", "/calls", control.clear_calls),
        ("GET", "/logins", control.logins),
        ("GET", "/counts", control.counts),
        ("GET", "/rows/{object}", control.rows),
        ("POST", "/rows/{object}", control.add),
        ("PATCH", "/rows/{object}", control.update),
        ("DELETE", "/rows/{object}", control.delete),
        ("GET", "/faults", control.faults),
        ("POST", "/faults", control.add_fault),
        ("DELETE", "/faults", control.clear_faults),
        ("GET", "/settings", control.settings),
        ("PATCH", "/settings", control.change_settings),
        ("GET", "/exports", control.exports),
        ("PATCH", "/exports", control.set_export),
        ("POST", "/forward", control.forward),
        ("GET", "/outbox", control.outbox),
        ("GET", "/stats/{id}", control.stats),
        ("GET", "/page-views", control.page_views),
        ("POST", "/reset", control.reset),
        ("POST", "/expire-tokens", control.expire_tokens),
    ):
        application.router.add_route(method, PREFIX + path, _safe(handler))
    application.router.add_route("*", PREFIX + "/{path:.*}", _nothing)


def _safe(
    handler: Callable[[web.Request], Awaitable[Any]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Turn a mistake in a request into a sentence with status 400."""

    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response(await handler(request))
        except KeyError as missing:
            return _refuse(f"unknown or missing: {missing}")
        except (ValueError, TypeError) as bad:
            return _refuse(str(bad))

    return handle


def _refuse(sentence: str, status: int = 400) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


async def _nothing(request: web.Request) -> web.Response:
    return _refuse(f"no {request.method} {request.path}", 404)


class _Control:
    """The handlers; each returns what becomes the JSON body."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def health(self, _request: web.Request) -> Any:
        return {"ok": True}

    async def calls(self, _request: web.Request) -> Any:
        return {"calls": list(self._state.calls)}

    async def clear_calls(self, _request: web.Request) -> Any:
        self._state.clear_calls()
        return {}

    async def logins(self, _request: web.Request) -> Any:
        return {"logins": list(self._state.logins)}

    async def counts(self, _request: web.Request) -> Any:
        return self._state.counts()

    async def rows(self, request: web.Request) -> Any:
        return {"rows": self._state.rows(request.match_info["object"])}

    async def add(self, request: web.Request) -> Any:
        body = await request.json()
        rows = body if isinstance(body, list) else body["rows"]
        with self._state.lock:
            return {"added": self._state.model.add(request.match_info["object"], rows)}

    async def update(self, request: web.Request) -> Any:
        body = await request.json()
        with self._state.lock:
            model = self._state.model
            name = request.match_info["object"]
            return {"updated": model.update(name, body["ids"], body["fields"])}

    async def delete(self, request: web.Request) -> Any:
        """Delete the ids given in the body, or everything without a body."""
        name = request.match_info["object"]
        text = await request.text()
        with self._state.lock:
            if text:
                return {"deleted": self._state.model.delete(name, json.loads(text)["ids"])}
            deleted = self._state.model.count(name)
            self._state.model.clear(name)
            return {"deleted": deleted}

    async def faults(self, _request: web.Request) -> Any:
        with self._state.lock:
            return {"faults": self._state.faults.as_list()}

    async def add_fault(self, request: web.Request) -> Any:
        options = await request.json()
        with self._state.lock:
            return {"id": self._state.add_fault(options)}

    async def clear_faults(self, _request: web.Request) -> Any:
        with self._state.lock:
            self._state.faults.clear()
        return {}

    async def settings(self, _request: web.Request) -> Any:
        return self._state.settings.as_dict()

    async def change_settings(self, request: web.Request) -> Any:
        changes = await request.json()
        with self._state.lock:
            self._state.settings.change(changes)
            return self._state.settings.as_dict()

    async def exports(self, _request: web.Request) -> Any:
        with self._state.lock:
            self._state.exports.advance()
            return {"exports": [job.as_dict() for job in self._state.exports]}

    async def set_export(self, request: web.Request) -> Any:
        """Body: ``id`` (or none: all), ``state``, ``expired``."""
        self._state.set_export(**await request.json())
        return {}

    async def forward(self, request: web.Request) -> Any:
        """Body: ``seconds`` to move the clock ahead."""
        self._state.forward((await request.json())["seconds"])
        return {"now": self._state.settings.now()}

    async def outbox(self, _request: web.Request) -> Any:
        return {"outbox": self._state.mail()}

    async def stats(self, request: web.Request) -> Any:
        """Tell the figures of a list e-mail, as the API would send them."""
        return self._state.stats(int(request.match_info["id"]))

    async def page_views(self, _request: web.Request) -> Any:
        return {"page_views": self._state.page_views()}

    async def reset(self, request: web.Request) -> Any:
        text = await request.text()
        options = json.loads(text) if text else {}
        self._state.reset(**options)
        return {}

    async def expire_tokens(self, _request: web.Request) -> Any:
        with self._state.lock:
            return {"expired": self._state.issuer.expire_now()}
