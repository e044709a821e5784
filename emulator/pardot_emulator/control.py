"""The control endpoint under ``/emulator``: tests and demos change the account through it.

Its path is far from the API's, so that no client of Pardot ever calls it. JSON both ways.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pardot_emulator.account import Account

    # Takes the account and the fields of path and body; returns the answer, None for {}.
    Operation: TypeAlias = Callable[[Account, dict[str, Any]], Any]

PREFIX = "/emulator"


def _delete(account: Account, given: dict[str, Any]) -> Any:
    """Remove the rows with these ids; without ids, all rows."""
    name = given["object"]
    deleted = account.delete(name, given["ids"]) if "ids" in given else account.clear(name)
    return {"deleted": deleted}


def _set(account: Account, given: dict[str, Any]) -> Any:
    """Change switches; return all of them."""
    account.set(**given)
    return account.settings.as_dict()


OPERATIONS: Mapping[str, Operation] = {
    "GET /health": lambda _account, _given: {"ok": True},
    "GET /counts": lambda account, _: account.counts(),
    "GET /rows/{object}": lambda account, given: {"rows": account.rows(given["object"])},
    "POST /rows/{object}": lambda account, given: {
        "added": account.add(given["object"], given["rows"])
    },
    "PATCH /rows/{object}": lambda account, given: {
        "updated": account.update(given["object"], given["ids"], **given["fields"])
    },
    "DELETE /rows/{object}": _delete,
    "GET /page-views": lambda account, _: {"page_views": account.page_views()},
    "GET /stats/{id}": lambda account, given: account.stats(int(given["id"])),
    "POST /reset": lambda account, given: account.reset(**given),
    "GET /settings": lambda account, _: account.settings.as_dict(),
    "PATCH /settings": _set,
    "POST /expire-tokens": lambda account, _: {"expired": account.expire_tokens()},
    "POST /forward": lambda account, given: {"now": account.forward(**given)},
    "GET /faults": lambda account, _: {"faults": account.faults},
    "POST /faults": lambda account, given: {"id": account.fault(**given)},
    "DELETE /faults": lambda account, _: account.clear_faults(),
    "GET /calls": lambda account, _: {"calls": account.calls},
    "GET /logins": lambda account, _: {"logins": account.logins},
    "DELETE /calls": lambda account, _: account.clear_calls(),
    "GET /exports": lambda account, _: {"exports": account.exports},
    "PATCH /exports": lambda account, given: account.set_export(**given),
    "GET /outbox": lambda account, _: {"outbox": account.outbox},
}


def add_routes(application: web.Application, account: Account) -> None:
    """Add the control endpoint to an application."""
    for route, operation in OPERATIONS.items():
        method, path = route.split()
        application.router.add_route(method, PREFIX + path, partial(_answer, account, operation))
    application.router.add_route("*", PREFIX + "/{path:.*}", _not_found)


async def _answer(account: Account, operation: Operation, request: web.Request) -> web.Response:
    """Run an operation; a mistake in the request becomes a sentence with status 400."""
    try:
        body = json.loads(await request.text() or "{}")
        # A list is a list of rows.
        given = {"rows": body} if isinstance(body, list) else body
        answer = operation(account, {**given, **request.match_info})
    except KeyError as missing:
        return _refuse(f"unknown or missing: {missing}")
    except (ValueError, TypeError) as bad:
        return _refuse(str(bad))
    return web.json_response({} if answer is None else answer)


async def _not_found(request: web.Request) -> web.Response:
    return _refuse(f"no {request.method} {request.path}", 404)


def _refuse(sentence: str, status: int = 400) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
