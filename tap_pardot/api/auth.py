"""Logging in: Salesforce OAuth gives the token that Pardot wants (reference B).

Which settings are present chooses the flow. The token is fetched once and shared by all
streams; it has no known lifetime (there is no ``expires_in``), so it is renewed when Pardot
refuses it.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import urlsplit

import jwt
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
"""The settings each flow needs. ``client_secret`` is optional for refresh tokens (B.1)."""

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
    """Puts the token and the business unit on a request; logs in when it must.

    A refresh token that was replaced is never sent again: Salesforce would take the sender for a
    thief and revoke everything.

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
        """Refresh tokens whose successor came."""
        self._lost = False
        """Whether the refresh token may have a successor that did not come."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the two headers that Pardot wants (reference A.4)."""
        request.headers["Authorization"] = f"Bearer {self.token()}"
        request.headers["Pardot-Business-Unit-Id"] = self._config["pardot_business_unit_id"]
        return request

    def token(self) -> str:
        """Return the run's access token, logging in at the first call.

        Raises:
            ConfigurationError: Salesforce refused the login, now or before in this run.
            Outage: Salesforce could not be reached.
            RunStopped: Another run has been logging in for too long.
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
        """Forget a token that Pardot refused, unless another thread already has."""
        with self._lock:
            if self._token == stale:
                self._token = None

    def _log_in(self) -> str:
        if self._file is None:
            return self._exchanged()
        with self._file.locked():
            self._take(self._file.load())
            try:
                return self._exchanged()
            except GrantRefused:
                # Where locks do not work, another run may have replaced the token meanwhile.
                if not self._take(self._file.load()):
                    raise
            return self._exchanged()

    def _take(self, kept: str | None) -> bool:
        """Use the refresh token of the file from now on; False if there is no other."""
        if kept is None or kept == self._refresh_token or kept in self._replaced:
            return False
        self._refresh_token, self._lost = kept, False
        return True

    def _exchanged(self) -> str:
        try:
            return with_retries(self._exchange_whole, "login")
        except StreamFailed as error:  # a redirect, or an answer that is far too long
            raise ConfigurationError(
                "The login address does not answer as Salesforce's does: check login_url and "
                "is_sandbox."
            ) from error
        except Outage as outage:
            # A failure in Salesforce's own words does not come from a wrong address.
            is_salesforce = isinstance(outage.__cause__, LoginPostponed)
            hint = "" if is_salesforce else " If Salesforce itself can be reached, check login_url."
            raise LoginOutage(f"{outage.message}{hint}", outage.code) from outage

    def _exchange_whole(self) -> str:
        """Exchange; a signal waits for the answer where it may hold a refresh token to keep."""
        return self._exchange() if self._file is None else shielded(self._exchange)

    def _exchange(self) -> str:
        try:
            response = self._post(self._url, self._form())
            body = body_of(response)
            if response.status < 400:  # noqa: PLR2004
                self._keep(body.get("refresh_token"))
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
        return jwt.encode(claims, key, algorithm="RS256")

    def _keep(self, rotated: Any) -> None:
        """Use a rotated refresh token from now on: Salesforce has let the old one die (B.1)."""
        replaced = self._refresh_token
        if replaced is None or rotated == replaced or not _is_token(rotated):
            return
        self._replaced.add(replaced)
        self._refresh_token, self._lost = rotated, False
        if self._file is not None and self._file.save(rotated, replaced):
            logger.info("Salesforce rotated refresh_token; the new one is kept in token_file.")
        else:
            logger.warning(
                "Salesforce rotated refresh_token and the configured one is dead now: set "
                "token_file so that the tap can keep the new one, or switch rotation off in the "
                "connected app; the next run cannot log in otherwise."
            )


def _is_token(value: Any) -> TypeGuard[str]:
    """Whether this can be a token: it is sent in a header."""
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable()


def audience(login_url: str) -> str:
    """Return the ``aud`` of a JWT for this login host: production's or the sandboxes' (B.1)."""
    host = (urlsplit(login_url).hostname or "").lower()
    sandbox = host == "test.salesforce.com" or host.endswith(".sandbox.my.salesforce.com")
    return f"https://{'test' if sandbox else 'login'}.salesforce.com"


def pem(text: str) -> str:
    r"""Return a private key's PEM text; environment variables often hold ``\n`` for newlines."""
    return text.replace("\\n", "\n").strip() + "\n"
