"""Logging in: Salesforce OAuth issues the access token for Pardot's API (reference B).

The settings that are present choose the flow. The token is fetched once and shared by all
streams. Its lifetime is unknown (there is no ``expires_in``), so the tap logs in again when Pardot
refuses the token.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import urlsplit

from requests.auth import AuthBase

from tap_pardot.api.login_errors import GrantRefused, LoginPostponed, body_of, failure_of
from tap_pardot.api.retry import with_retries
from tap_pardot.api.token_file import TokenFile
from tap_pardot.errors import ConfigurationError, LoginOutage, Outage, Retriable, StreamFailed
from tap_pardot.signals import shielded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest

    from tap_pardot.api.http import Response

logger = logging.getLogger("tap-pardot")

FLOWS = {
    "refresh token": ("client_id", "refresh_token"),
    "JWT bearer": ("client_id", "private_key", "username"),
    "password": ("client_id", "client_secret", "username", "password"),
    "client credentials": ("client_id", "client_secret"),
}
"""The required settings of each flow. ``client_secret`` is optional for refresh tokens (B.1)."""

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS = 180


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
    """Adds the token and the business unit to requests; logs in when there is no token.

    A refresh token that was replaced is never sent again. Salesforce would treat it as stolen and
    revoke all tokens.

    Args:
        config: The tap's settings.
        login_url: Origin of the token endpoint.
        post: Sends a form: ``post(url, form)``; raises :class:`Retriable`.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        login_url: str,
        post: Callable[[str, Mapping[str, str]], Response],
    ) -> None:
        self._config = config
        self._url = login_url.rstrip("/") + TOKEN_PATH
        self._post = post
        self._flow = flow_of(config)
        self._lock = threading.Lock()
        self._token: str | None = None
        self._refused: ConfigurationError | None = None
        configured, path = config.get("refresh_token"), config.get("token_file")
        self._file = TokenFile(path, configured) if path and configured else None
        self._refresh_token = configured
        self._replaced: set[str] = set()
        """Refresh tokens that were replaced by a newer one."""
        self._lost = False
        """Whether the newest refresh token may have been lost with an answer that did not come."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request with the two headers that Pardot requires (reference A.4)."""
        request.headers["Authorization"] = f"Bearer {self.token()}"
        request.headers["Pardot-Business-Unit-Id"] = self._config["pardot_business_unit_id"]
        return request

    def token(self) -> str:
        """Return the access token; log in if there is none.

        Raises:
            ConfigurationError: Salesforce refuses the login, or refused it earlier in this run.
            LoginOutage: Salesforce cannot be reached.
            RunStopped: Another run holds the lock of ``token_file`` for too long.
        """
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if self._token is None:
                try:
                    self._token = self._log_in()
                except ConfigurationError as error:
                    self._refused = error
                    raise
            return self._token

    def renew(self, stale: str) -> None:
        """Forget a token that Pardot refused, unless another thread has replaced it already."""
        with self._lock:
            if self._token == stale:
                self._token = None

    def _log_in(self) -> str:
        """Return a new access token; errors as of :meth:`token`."""
        if self._file is None:
            return self._request_with_retries()
        with self._file.locked():
            self._use_stored(self._file.load())
            try:
                return self._request_with_retries()
            except GrantRefused:
                # Where locks do not work, another run may have replaced the token meanwhile.
                if not self._use_stored(self._file.load()):
                    raise
            return self._request_with_retries()

    def _use_stored(self, stored: str | None) -> bool:
        """Use the refresh token of the file from now on; return False if it is not a new one."""
        if stored is None or stored == self._refresh_token or stored in self._replaced:
            return False
        self._refresh_token, self._lost = stored, False
        return True

    def _request_with_retries(self) -> str:
        try:
            return with_retries(self._request_shielded, "login")
        except StreamFailed as error:  # a redirect, or an answer that is far too long
            raise ConfigurationError(
                "The login address does not answer as Salesforce's does: check login_url and "
                "is_sandbox."
            ) from error
        except Outage as outage:
            # If Salesforce itself asks to try later, the address is right.
            is_salesforce = isinstance(outage.__cause__, LoginPostponed)
            hint = "" if is_salesforce else " If Salesforce itself can be reached, check login_url."
            raise LoginOutage(f"{outage.message}{hint}", outage.code) from outage

    def _request_shielded(self) -> str:
        """Request a token. With a ``token_file``, a signal must not lose a new refresh token."""
        return self._request_token() if self._file is None else shielded(self._request_token)

    def _request_token(self) -> str:
        """Send one token request and return the access token.

        Raises:
            Retriable: Salesforce gave no token, and may give one later.
            ConfigurationError: Salesforce refuses the login.
        """
        try:
            response = self._post(self._url, self._form())
            body = body_of(response)
            if response.status < 400:  # noqa: PLR2004
                self._adopt(body.get("refresh_token"))
                # One copy of the documents prints the key with a capital (B.2).
                token = body.get("access_token") or body.get("Access_token")
                if _is_token(token):
                    self._lost = False
                    logger.info("Logged in to Salesforce (%s flow).", self._flow)
                    return token
            rotates = self._refresh_token != self._config.get("refresh_token")
            raise failure_of(response, self._flow, lost=self._lost, rotates=rotates)
        except Retriable as error:
            self._lost = self._lost or error.may_be_done
            raise

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
        import jwt  # noqa: PLC0415 - cryptography takes a tenth of the start; one flow needs it

        return jwt.encode(claims, key, algorithm="RS256")

    def _adopt(self, rotated: Any) -> None:
        """Use and store a rotated refresh token: Salesforce has revoked the old one (B.1)."""
        replaced = self._refresh_token
        if replaced is None or rotated == replaced or not _is_token(rotated):
            return
        self._replaced.add(replaced)
        self._refresh_token, self._lost = rotated, False
        if self._file is not None and self._file.save(rotated, replaced):
            logger.info("Salesforce rotated refresh_token; the new one is stored in token_file.")
        else:
            logger.warning(
                "Salesforce rotated refresh_token, and the configured one is no longer valid: set "
                "token_file so that the tap can store the new one, or switch rotation off in the "
                "app; the next run cannot log in otherwise."
            )


def _is_token(value: Any) -> TypeGuard[str]:
    """Return whether a value can be a token, which is sent in an HTTP header."""
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable()


def audience(login_url: str) -> str:
    """Return the ``aud`` of a JWT for a login URL: that of production or of sandboxes (B.1)."""
    host = (urlsplit(login_url).hostname or "").lower()
    sandbox = host == "test.salesforce.com" or host.endswith(".sandbox.my.salesforce.com")
    return f"https://{'test' if sandbox else 'login'}.salesforce.com"


def pem(text: str) -> str:
    r"""Return a private key in PEM form; environment variables often hold ``\n`` for newlines."""
    return text.replace("\\n", "\n").strip() + "\n"
