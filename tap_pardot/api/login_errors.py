"""What Salesforce's token endpoint means when it gives no token (reference B.3)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tap_pardot.api.retry import retry_after
from tap_pardot.errors import ConfigurationError, Retriable, TapPardotError

if TYPE_CHECKING:
    from tap_pardot.api.http import Response

# What Salesforce's error words mean for the settings.
_REFUSALS = {
    "invalid_client_id": "check client_id (the consumer key of the connected app).",
    "invalid_client": "check client_secret (and client_id) of the connected app.",
    "unsupported_grant_type": "the connected app or the host does not allow this login flow: "
    "allow it in the app, or check login_url.",
    "invalid_app_access": "the user who logs in is not admitted to the connected app: assign "
    "its profile or permission set to the app, and check client_id.",
    "inactive_user": "the user who logs in (username) is inactive or frozen: activate it or "
    "use another.",
    "inactive_org": "the organisation is locked or closed: check login_url and is_sandbox.",
    "invalid_scope": "add the scope pardot_api (and refresh_token) to the connected app of "
    "client_id, then authorize it again.",
}
_GRANT_REFUSALS = {
    "refresh token": "refresh_token is expired, revoked or of another app or organisation: "
    "authorize the connected app again and set the new refresh_token, and check login_url.",
    "JWT bearer": "check username, that private_key belongs to the app's certificate, that "
    "the app is pre-authorized for the user, and login_url or is_sandbox.",
    "password": "check username and password (append the security token when this machine's "
    "address is not trusted), and login_url or is_sandbox.",
    "client credentials": "set login_url to the organisation's My Domain, and give the "
    "connected app of client_id a user to run as.",
}
_CHECK = "check the login settings and login_url."
_LOST = (
    "an earlier answer was lost, and with it probably the refresh token that replaced the one in "
    "use: authorize the connected app again and set the new refresh_token."
)

# Searched in words that are joined by "_".
_PASSING_WORD = re.compile(
    r"(unknown|server|internal)_error|(temporarily|server|service)_unavailable|slow_down"
    r"|(request|rate)_limit(_exceeded)?|too_many_requests"
)
# Of the present only: a token that was used already stays so.
_PASSING_TEXT = re.compile(
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
_PASSING_STATUS = {408, 425, _TOO_MANY}
# Salesforce may have made a token before a gateway gave up waiting for it.
_UNCERTAIN_STATUS = {500, 502, 504}
_GONE_WRONG = 400
_SERVER_FAILED = 500


class GrantRefused(ConfigurationError):
    """``invalid_grant``: what was sent as proof (a refresh token, a password) is not good."""


class LoginPostponed(Retriable):
    """Salesforce itself asks to try again: the address of the login is right."""


def body_of(response: Response) -> dict[str, Any]:
    """Return the JSON object of an answer, also out of a list; an empty one where there is none."""
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
    """Return what to raise for an answer without a token.

    Args:
        response: The answer.
        flow: The login flow.
        lost: Whether an earlier answer was lost, which may have held a new refresh token.
        rotates: Whether the app is known to rotate refresh tokens.
    """
    body, status = body_of(response), response.status
    # The second names are those of Salesforce's other endpoints.
    error = body.get("error") or body.get("errorCode")
    word = error.strip().lower() if isinstance(error, str) else ""
    wait = retry_after(response.headers)
    always = status >= _SERVER_FAILED or status in _PASSING_STATUS
    why = _passing(error, body.get("error_description") or body.get("message"))
    # A token that was probably replaced must not be sent again, whatever else is said of it.
    replaced = word == "invalid_grant" and lost and rotates
    if status == _TOO_MANY or (error and (always or (why and not replaced))):
        reason = f", {why}" if why else ""
        return LoginPostponed(
            f"Salesforce does not take the login for now (HTTP {status}{reason}).", wait=wait
        )
    if error and not always:
        return _refusal(word, flow, lost=lost)
    if status < _GONE_WRONG or always:
        return Retriable(
            f"Salesforce's login answered HTTP {status} without a token.",
            wait=wait,
            may_be_done=status < _GONE_WRONG or status in _UNCERTAIN_STATUS,
        )
    return ConfigurationError(
        f"The login address answered HTTP {status}: check login_url and is_sandbox."
    )


def _passing(error: Any, description: Any) -> str | None:
    """Return why a login may work later, in words of ours or of the standard; None if it won't."""
    words, text = _words(error), _words(description)
    if found := _PASSING_WORD.search(words) or _PASSING_WORD.search(text):
        return found[0]
    return _BUSY if _PASSING_TEXT.search(f"{words} {text}") else None


def _words(value: Any) -> str:
    """Return the words of a value of any shape, in lower case, joined by ``_``."""
    return re.sub(r"[^a-z]+", "_", json.dumps(value).lower()).strip("_")


def _refusal(word: str, flow: str | None, *, lost: bool) -> ConfigurationError:
    # Only a word of the expected form is repeated: what comes from outside may hold secrets.
    shown = word if re.fullmatch(r"[a-z_]{1,40}", word) else "unknown error"
    say = f"Salesforce refused the login ({shown}): "
    if word == "invalid_grant":
        advice = (
            _LOST if lost and flow == "refresh token" else _GRANT_REFUSALS.get(flow or "", _CHECK)
        )
        return GrantRefused(say + advice)
    return ConfigurationError(say + _REFUSALS.get(word, _CHECK))
