"""Errors for the answers of Salesforce's token endpoint that have no token (reference B.3)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tap_pardot.api.retry import retry_after
from tap_pardot.errors import ConfigurationError, Retriable, TapPardotError

if TYPE_CHECKING:
    from tap_pardot.api.http import Response

# The advice for Salesforce's error words.
_REFUSALS = {
    "invalid_client_id": "check client_id (the consumer key of the app).",
    "invalid_client": "check client_secret (and client_id) of the app.",
    "unsupported_grant_type": "the app or the host does not allow this login flow: "
    "allow it in the app, or check login_url.",
    "invalid_app_access": "the user who logs in is not admitted to the app: assign "
    "its profile or permission set to the app, and check client_id.",
    "inactive_user": "the user who logs in (username) is inactive or frozen: activate it or "
    "use another.",
    "inactive_org": "the organization is locked or closed: check login_url and is_sandbox.",
    "invalid_scope": "add the scope pardot_api (and refresh_token) to the app of "
    "client_id, then authorize it again.",
}
_GRANT_REFUSALS = {
    "refresh token": "refresh_token is expired, revoked or of another app or organization: "
    "authorize the app again and set the new refresh_token, and check login_url.",
    "JWT bearer": "check username, that private_key belongs to the app's certificate, that "
    "the app is pre-authorized for the user, and login_url or is_sandbox.",
    "password": "check username and password (append the security token when this machine's "
    "address is not trusted), and login_url or is_sandbox.",
    "client credentials": "set login_url to the organization's My Domain, and give the "
    "app of client_id a user to run as.",
}
_CHECK = "check the login settings and login_url."
_LOST = (
    "an earlier answer was lost, and with it probably the refresh token that replaced the one in "
    "use: authorize the app again and set the new refresh_token."
)

# Signs of a temporary failure. They are searched in text whose words are joined by "_".
_TEMPORARY_WORD = re.compile(
    r"(unknown|server|internal)_error|(temporarily|server|service)_unavailable|slow_down"
    r"|(request|rate)_limit(_exceeded)?|too_many_requests"
)
# In the present tense only: "already used" is not temporary.
_TEMPORARY_TEXT = re.compile(
    r"(?<![a-z])("
    r"being_(processed|handled|refreshed|exchanged|issued)|in_(progress|process|flight)"
    r"|under_?way|already_(running|pending|processing)|(request|refresh|login)_(is_)?pending"
    r"|concurrent|simultaneous|throttled|temporar(y|ily)|retry_your_request|(retry|again)_later"
    r"|(rate|limit)_(\w+_)?exceeded|exceed(s|ed|ing)_(\w+_)?(rate|limit)|rate_(is_)?too_high"
    r"|too_many_(?!failed)(\w+_)?(requests|logins|calls)"
    r")(?![a-z])"
)
_BUSY = "another login is under way, or there were too many"
_TOO_MANY = 429
_TEMPORARY_STATUS = {408, 425, _TOO_MANY}
# Salesforce may have issued a token before a gateway gave up waiting for the answer.
_UNCERTAIN_STATUS = {500, 502, 504}
_CLIENT_ERROR = 400
_SERVER_ERROR = 500


class GrantRefused(ConfigurationError):
    """``invalid_grant``: Salesforce does not accept the refresh token, the password or the JWT."""


class LoginPostponed(Retriable):
    """Salesforce itself asks to try later, so the address of the login is right."""


def body_of(response: Response) -> dict[str, Any]:
    """Return the JSON object of an answer, or the first one of a list; empty if there is none."""
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(body, list) and body:
        body = body[0]
    return body if isinstance(body, dict) else {}


def failure_of(
    response: Response, flow: str | None, *, lost: bool, rotates: bool
) -> TapPardotError:
    """Return the error to raise for an answer without a token.

    Args:
        response: The answer.
        flow: The login flow.
        lost: Whether an earlier answer was lost, which may have held a new refresh token.
        rotates: Whether the app is known to rotate refresh tokens.

    Returns:
        A :class:`Retriable` for a temporary failure, else a :class:`ConfigurationError`.
    """
    body, status = body_of(response), response.status
    # errorCode and message are the names that Salesforce's other endpoints use.
    error = body.get("error") or body.get("errorCode")
    word = error.strip().lower() if isinstance(error, str) else ""
    wait = retry_after(response.headers)
    is_temporary = status >= _SERVER_ERROR or status in _TEMPORARY_STATUS
    reason = _temporary_reason(error, body.get("error_description") or body.get("message"))
    # A token that was probably replaced must not be sent again, whatever reason the answer gives.
    replaced = word == "invalid_grant" and lost and rotates
    if status == _TOO_MANY or (error and (is_temporary or (reason and not replaced))):
        details = f"HTTP {status}, {reason}" if reason else f"HTTP {status}"
        return LoginPostponed(
            f"Salesforce does not accept the login for now ({details}).", wait=wait
        )
    if error and not is_temporary:
        return _refusal(word, flow, lost=lost)
    if status < _CLIENT_ERROR or is_temporary:
        return Retriable(
            f"Salesforce's login answered HTTP {status} without a token.",
            wait=wait,
            may_be_done=status < _CLIENT_ERROR or status in _UNCERTAIN_STATUS,
        )
    return ConfigurationError(
        f"The login address answered HTTP {status}: check login_url and is_sandbox."
    )


def _temporary_reason(error: Any, description: Any) -> str | None:
    """Return why a login may work later; None if nothing in the answer says so.

    The reason is one of the patterns' own words, because the answer may hold secrets.
    """
    words, text = _words(error), _words(description)
    if found := _TEMPORARY_WORD.search(words) or _TEMPORARY_WORD.search(text):
        return found[0]
    return _BUSY if _TEMPORARY_TEXT.search(f"{words} {text}") else None


def _words(value: Any) -> str:
    """Return the words of a value of any shape, in lower case, joined by ``_``."""
    return re.sub(r"[^a-z]+", "_", json.dumps(value).lower()).strip("_")


def _refusal(word: str, flow: str | None, *, lost: bool) -> ConfigurationError:
    # Only a word of the expected form is shown: the answer may hold secrets.
    shown = word if re.fullmatch(r"[a-z_]{1,40}", word) else "unknown error"
    problem = f"Salesforce refused the login ({shown}): "
    if word == "invalid_grant":
        advice = (
            _LOST if lost and flow == "refresh token" else _GRANT_REFUSALS.get(flow or "", _CHECK)
        )
        return GrantRefused(problem + advice)
    return ConfigurationError(problem + _REFUSALS.get(word, _CHECK))
