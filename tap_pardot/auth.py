"""Logging in: Salesforce OAuth gives the token that Pardot wants (reference B).

Which settings are present chooses the flow. The token is fetched once and shared by all
streams; it has no known lifetime (there is no ``expires_in``), so it is renewed when Pardot
refuses it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
from requests.auth import AuthBase

from tap_pardot.errors import ConfigurationError, LoginOutage, Outage, Retriable, StreamFailed
from tap_pardot.transport import Answer, retry_after, with_retries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest

logger = logging.getLogger("tap-pardot")

FLOWS = {
    "refresh token": ("client_id", "refresh_token"),
    "JWT bearer": ("client_id", "private_key", "username"),
    "password": ("client_id", "client_secret", "username", "password"),
    "client credentials": ("client_id", "client_secret"),
}
"""The settings each flow needs. ``client_secret`` is optional for refresh tokens (B.1)."""

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS = 180

# What Salesforce's error words (B.3) mean for the settings.
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


def flow_of(config: Mapping[str, Any]) -> str | None:
    """Return the login flow that the settings choose, or None if they fit none."""
    if config.get("refresh_token"):
        return "refresh token"
    if config.get("private_key"):
        return "JWT bearer"
    if config.get("username") or config.get("password"):
        return "password"
    if config.get("client_secret"):
        return "client credentials"
    return None


class SalesforceAuth(AuthBase):
    """Puts the token and the business unit on a request; logs in when it must.

    Args:
        config: The tap's settings.
        login_url: Origin of the token endpoint.
        post: Sends a form: ``post(url, form)``; raises :class:`Retriable`.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        login_url: str,
        post: Callable[[str, Mapping[str, str]], Answer],
    ) -> None:
        self._config = config
        self._url = login_url.rstrip("/") + TOKEN_PATH
        self._post = post
        self._flow = flow_of(config)
        self._lock = threading.Lock()
        self._token: str | None = None
        self._store = TokenFile(config.get("token_file"), config.get("refresh_token"))
        self._refresh_token = self._store.load() or config.get("refresh_token")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the two headers that Pardot wants (reference A.4)."""
        request.headers["Authorization"] = f"Bearer {self.token()}"
        request.headers["Pardot-Business-Unit-Id"] = self._config["pardot_business_unit_id"]
        return request

    def token(self) -> str:
        """Return the run's access token, logging in at the first call.

        Raises:
            ConfigurationError: Salesforce refused the login.
            Outage: Salesforce could not be reached.
        """
        with self._lock:
            if self._token is None:
                self._token = self._log_in()
            return self._token

    def renew(self, stale: str) -> None:
        """Forget a token that Pardot refused, unless another thread already has."""
        with self._lock:
            if self._token == stale:
                self._token = None

    def _log_in(self) -> str:
        try:
            return self._exchanged()
        except ConfigurationError:
            configured = self._config.get("refresh_token")
            if self._flow != "refresh token" or self._refresh_token == configured:
                raise
            # The kept token is dead; the configured one may have been renewed by hand.
            self._refresh_token = configured
            return self._exchanged()

    def _exchanged(self) -> str:
        try:
            return with_retries(self._exchange, "login")
        except StreamFailed as error:  # a redirect, or an answer that is far too long
            raise ConfigurationError(
                "The login address does not answer as Salesforce's does: check login_url and "
                "is_sandbox."
            ) from error
        except Outage as outage:
            raise LoginOutage(
                f"{outage.say} If Salesforce itself can be reached, check login_url.", outage.code
            ) from outage

    def _exchange(self) -> str:
        answer = self._post(self._url, self._form())
        try:
            body = json.loads(answer.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            body = {}
        # One copy of the documents prints the key with a capital (B.2).
        token = body.get("access_token") or body.get("Access_token")
        if answer.status < 400 and isinstance(token, str) and token:  # noqa: PLR2004
            self._keep(body.get("refresh_token"))
            logger.info("Logged in to Salesforce (%s flow).", self._flow)
            return token
        error = body.get("error")
        if isinstance(error, str) and error != "rate_limit_exceeded":
            raise ConfigurationError(self._refusal(error))
        if error is None and 400 <= answer.status < 500 and answer.status != 429:  # noqa: PLR2004
            raise ConfigurationError(
                f"The login address answered HTTP {answer.status}: check login_url and is_sandbox."
            )
        raise Retriable(
            f"Salesforce's login answered HTTP {answer.status} without a token.",
            wait=retry_after(answer.headers),
        )

    def _refusal(self, error: str) -> str:
        advice = _GRANT_REFUSALS.get(self._flow or "") if error == "invalid_grant" else None
        advice = advice or _REFUSALS.get(error, "check the login settings and login_url.")
        # Only a word of the expected form is repeated: what comes from outside may hold secrets.
        word = error if re.fullmatch(r"[a-z_]{1,40}", error) else "unknown error"
        return f"Salesforce refused the login ({word}): {advice}"

    def _form(self) -> dict[str, str]:
        config = self._config
        client = {"client_id": config["client_id"]}
        if config.get("client_secret"):
            client["client_secret"] = config["client_secret"]
        match self._flow:
            case "refresh token":
                return {
                    "grant_type": "refresh_token",
                    "refresh_token": str(self._refresh_token),
                    **client,
                }
            case "JWT bearer":
                return {"grant_type": _JWT_GRANT, "assertion": self._assertion()}
            case "password":
                return {
                    "grant_type": "password",
                    "username": config["username"],
                    "password": config["password"],
                    **client,
                }
            case _:
                return {"grant_type": "client_credentials", **client}

    def _assertion(self) -> str:
        claims = {
            "iss": self._config["client_id"],
            "sub": self._config["username"],
            "aud": audience(self._url),
            "exp": int(time.time()) + _JWT_SECONDS,
        }
        key = pem(self._config["private_key"])
        return jwt.encode(claims, key, algorithm="RS256")

    def _keep(self, rotated: Any) -> None:
        """Use a rotated refresh token from now on: Salesforce has let the old one die (B.1)."""
        if not isinstance(rotated, str) or not rotated or rotated == self._refresh_token:
            return
        self._refresh_token = rotated
        if self._store.save(rotated):
            logger.info("Salesforce rotated refresh_token; the new one is kept in token_file.")
        else:
            logger.warning(
                "Salesforce rotated refresh_token and the configured one is dead now: set "
                "token_file so that the tap can keep the new one, or switch rotation off in the "
                "connected app; the next run cannot log in otherwise."
            )


def audience(login_url: str) -> str:
    """Return the ``aud`` of a JWT for this login host: production's or the sandboxes' (B.1)."""
    host = (urlsplit(login_url).hostname or "").lower()
    sandbox = host == "test.salesforce.com" or host.endswith(".sandbox.my.salesforce.com")
    return f"https://{'test' if sandbox else 'login'}.salesforce.com"


def pem(text: str) -> str:
    r"""Return a private key's PEM text; environment variables often hold ``\n`` for newlines."""
    return text.replace("\\n", "\n").strip() + "\n"


class TokenFile:
    """A rotated refresh token on disk, since a tap cannot write its config back.

    Args:
        path: Setting ``token_file``, or None.
        configured: Setting ``refresh_token``. The file is of use only beside the one that it
            was made from: a newly configured token counts.
    """

    def __init__(self, path: str | None, configured: str | None) -> None:
        self._path = Path(path).expanduser() if path and configured else None
        self._mark = hashlib.sha256((configured or "").encode()).hexdigest()

    def load(self) -> str | None:
        """Return the kept token, or None."""
        if self._path is None:
            return None
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            token = kept["refresh_token"] if kept["made_from"] == self._mark else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            logger.warning("token_file could not be read; refresh_token of the settings is used.")
            return None
        return token if isinstance(token, str) else None

    def save(self, token: str) -> bool:
        """Keep the token, readable by the owner only; False if there is nowhere to keep it."""
        if self._path is None:
            return False
        text = json.dumps({"made_from": self._mark, "refresh_token": token})
        name = ""
        try:
            # mkstemp makes the file 0600; a rename never leaves half a token behind.
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".token-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except OSError as error:
            with suppress(OSError):
                Path(name).unlink()
            logger.warning("token_file could not be written (%s).", type(error).__name__)
            return False
        return True
