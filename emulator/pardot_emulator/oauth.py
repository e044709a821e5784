"""Salesforce's token endpoint and the bearer check, without a web server (reference B).

Two things of Salesforce surprise clients: an answer never says how long the token lives, and a
refresh answer may have a new refresh token that ends the old one. If the old one is sent again,
everything is revoked.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Collection  # noqa: TC003 -- `check` evaluates the annotations
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

# Salesforce compares this claim with its login hosts, whatever host was called: on My Domain it is
# still one of these two (reference B.1).
LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")

# How far in the future `exp` of an assertion may be, seconds.
_MAX_ASSERTION = 300
_ORGANIZATION_ID = "00D5e000001SandEA0"
_USER_ID = "0055e000002SandAAG"


class TokenError(Exception):
    """The token endpoint refuses: HTTP status, ``error`` and ``error_description`` (B.3)."""

    def __init__(self, error: str, description: str | None = None, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.description = description or DESCRIPTIONS.get(error, error.replace("_", " "))
        self.status = status

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {"error": self.error, "error_description": self.description}


# The usual description per error (B.3). It has none of the last five: worded by us [?].
DESCRIPTIONS: Mapping[str, str] = {
    "invalid_grant": "authentication failure",
    "invalid_client_id": "client identifier invalid",
    "invalid_client": "invalid client credentials",
    "unsupported_grant_type": "grant type not supported",
    "invalid_request": "grant type is missing",
    "invalid_app_access": "user is not admin approved to access this app",
    "inactive_user": "user is inactive",
    "inactive_org": "organization is not active",
    "rate_limit_exceeded": "login rate exceeded",
    "invalid_scope": "requested scope is invalid, unknown, or malformed",
}


@dataclass
class OAuthSettings:
    """The connected app and its user; a change counts from the next call on. See README.md."""

    client_id: str = "emulator-client"
    client_secret: str = field(default="emulator-secret", repr=False)
    refresh_token: str = field(default="emulator-refresh", repr=False)
    username: str = "api@example.com"
    password: str = field(default="emulator-password", repr=False)
    security_token: str = field(default="", repr=False)
    public_key: str = field(default="", repr=False)
    rotate_refresh_token: bool = False
    require_client_secret: bool = True
    pardot_scope: bool = True
    expire_after_calls: int | None = None
    allow_password: bool = True
    allow_client_credentials: bool = True
    user_approved: bool = True
    refuse_with: str | None = None
    audiences: Collection[str] = LOGIN_HOSTS
    instance_url: str = "https://example.my.salesforce.com"


@dataclass
class _Token:
    """What an access token may still do."""

    scoped: bool
    calls: int = 0


class _Client(NamedTuple):
    """The client that calls the token endpoint, by its own statement."""

    client_id: str
    secret: str | None
    basic: bool


_Flow: TypeAlias = "Callable[[Mapping[str, str], _Client], dict[str, Any]]"


class TokenIssuer:
    """Issues access tokens and knows which are still valid.

    Not thread-safe: the caller holds the emulator's lock.
    """

    def __init__(
        self,
        settings: OAuthSettings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start without tokens.

        Args:
            settings: The connected app; demo values when absent.
            clock: Epoch seconds; real time, because Salesforce checks assertions against its own
                clock, not against Pardot's.
        """
        self.settings = settings or OAuthSettings()
        self._clock = clock
        self._live: dict[str, _Token] = {}
        self._rotated: set[str] = set()  # refresh tokens that were replaced

    def exchange(
        self, form: Mapping[str, str], basic: tuple[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Answer ``POST /services/oauth2/token``.

        Args:
            form: The form fields of the body.
            basic: User and password of an HTTP Basic header, which Salesforce takes in place of
                ``client_id`` and ``client_secret`` (reference B.1).

        Returns:
            HTTP status and JSON body (reference B.2, B.3).
        """
        try:
            return 200, self._flow(form.get("grant_type", ""))(form, _client_of(form, basic))
        except TokenError as refusal:
            return refusal.status, refusal.body

    def check(self, authorization: str | None) -> tuple[int | None, str]:
        """Judge the ``Authorization`` header of an API call and count the call.

        Returns:
            None when good, else the Pardot error code: 49 without a header (seen on v5 only,
            reference v5 L), 199 for the retired ``Pardot api_key=...`` (B.4), 126 for any other
            mechanism (A.4; GH21 also lists 196, which the current page lost), 184 for a token
            that is malformed, unknown, dead or without scope (B.3). And what follows the message
            of 184 (A.7, RUD).
        """
        if authorization is None:
            return 49, ""
        scheme, _, value = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            return (199 if scheme.lower() == "pardot" else 126), ""
        token = self._live.get(value.strip())
        if token is not None and not token.scoped:
            return 184, ": Invalid scope"
        limit = self.settings.expire_after_calls
        if token is not None:
            token.calls += 1
            if limit is None or token.calls <= limit:
                return None, ""
            del self._live[value.strip()]
        return 184, ": Inactive token"

    def expire_now(self) -> int:
        """End every access token, as the session timeout of an org does; return how many."""
        dead = len(self._live)
        self._live.clear()
        return dead

    def _flow(self, grant: str) -> _Flow:
        flows: dict[str, _Flow] = {
            "refresh_token": self._refresh,
            "password": self._password,
            "client_credentials": self._client_credentials,
            "authorization_code": self._authorization_code,
            JWT_BEARER: self._jwt_bearer,
        }
        if grant not in flows:
            raise TokenError("unsupported_grant_type" if grant else "invalid_request")
        return flows[grant]

    def _refresh(self, form: Mapping[str, str], client: _Client) -> dict[str, Any]:
        settings = self.settings
        self._require_client(client, secret=settings.require_client_secret)
        sent = form.get("refresh_token", "")
        if not _same(sent, settings.refresh_token):
            if sent in self._rotated:
                settings.refresh_token = ""
                self._live.clear()
            raise TokenError("invalid_grant", "expired access/refresh token")
        body = self._grant("refresh_token")
        if settings.rotate_refresh_token:
            self._rotated.add(sent)
            settings.refresh_token = "5Aep" + secrets.token_urlsafe(48)
            body["refresh_token"] = settings.refresh_token
        return body

    def _password(self, form: Mapping[str, str], client: _Client) -> dict[str, Any]:
        settings = self.settings
        self._require_client(client, secret=True)
        named = _same(form.get("username", "").lower(), settings.username.lower())
        known = _same(form.get("password", ""), settings.password + settings.security_token)
        # Salesforce answers a disabled flow as it does a wrong password.
        if not (settings.allow_password and named and known):
            raise TokenError("invalid_grant")
        # "Without the scope only the username-password flow works" (reference B, GH21:auth).
        body = self._grant(scoped=True)
        del body["scope"]
        return body

    def _client_credentials(self, _form: Mapping[str, str], client: _Client) -> dict[str, Any]:
        self._require_client(client, secret=True)
        if not self.settings.allow_client_credentials:
            # My Domain hosts only (reference B.1); the text is not in the reference [?].
            raise TokenError("invalid_grant", "request not supported on this domain")
        return self._grant()

    def _authorization_code(self, _form: Mapping[str, str], client: _Client) -> dict[str, Any]:
        # There is no login page here, so no code is ever valid.
        self._require_client(client, secret=self.settings.require_client_secret)
        raise TokenError("invalid_grant", "expired authorization code")

    def _jwt_bearer(self, form: Mapping[str, str], _client: _Client) -> dict[str, Any]:
        settings = self.settings
        claims = _verified_claims(form.get("assertion", ""), settings.public_key)
        if claims.get("iss") != settings.client_id:
            raise TokenError("invalid_client_id")
        # One string with scheme, never a list: seen in forcedotcom/datacloud-jdbc#132. The text
        # is seen in omniphx/forrest#302.
        if claims.get("aud") not in settings.audiences:
            raise TokenError("invalid_grant", "audience is invalid")
        expires, now = claims.get("exp"), self._clock()
        if not isinstance(expires, int | float) or isinstance(expires, bool):
            expires = now
        if not now < expires <= now + _MAX_ASSERTION:
            raise TokenError("invalid_grant", "invalid assertion")
        if claims.get("sub") != settings.username or not settings.user_approved:
            raise TokenError("invalid_grant", "user hasn't approved this consumer")
        body = self._grant()
        return {key: body[key] for key in _JWT_ANSWER}

    def _require_client(self, client: _Client, *, secret: bool) -> None:
        if not _same(client.client_id, self.settings.client_id):
            raise TokenError("invalid_client_id")
        if client.secret is None and not secret:
            return
        if not _same(client.secret or "", self.settings.client_secret):
            # 401 for credentials in a header, as RFC 6749 5.2 demands; B.3 says "some 401" [?].
            raise TokenError("invalid_client", status=401 if client.basic else 400)

    def _grant(self, *scopes: str, scoped: bool | None = None) -> dict[str, Any]:
        """Make a token and the body of reference B.2: no ``expires_in``, ever."""
        settings = self.settings
        if settings.refuse_with is not None:
            raise TokenError(settings.refuse_with)
        token = f"{_ORGANIZATION_ID[:15]}!AQ{secrets.token_urlsafe(60)}"
        self._live[token] = _Token(scoped=settings.pardot_scope if scoped is None else scoped)
        issued_at = str(int(self._clock() * 1000))
        identity = f"{LOGIN_HOSTS[0]}/id/{_ORGANIZATION_ID}/{_USER_ID}"
        signed = hmac.digest(
            settings.client_secret.encode(), (identity + issued_at).encode(), "sha256"
        )
        return {
            "access_token": token,
            "instance_url": settings.instance_url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued_at,
            "signature": base64.b64encode(signed).decode(),
            "scope": " ".join(("pardot_api" if settings.pardot_scope else "api", *scopes)),
        }


# The JWT flow answers with these keys only (reference B.2).
_JWT_ANSWER = ("access_token", "scope", "instance_url", "id", "token_type")


def _client_of(form: Mapping[str, str], basic: tuple[str, str] | None) -> _Client:
    if basic is not None:
        return _Client(basic[0], basic[1], basic=True)
    return _Client(form.get("client_id", ""), form.get("client_secret"), basic=False)


def _same(given: str, expected: str) -> bool:
    """Compare secrets; an empty expectation matches nothing."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def _verified_claims(assertion: str, public_key: str) -> dict[str, Any]:
    """Return the claims of an assertion signed with RS256 by the app's key (reference B.1).

    Raises:
        TokenError: ``invalid_grant`` for a bad assertion; ``server_error`` with status 500 when
            the emulator itself cannot verify (no usable key, or PyJWT missing).
    """
    if not public_key:
        raise TokenError("server_error", "the emulator has no public_key: set one", status=500)
    try:
        import jwt  # noqa: PLC0415 -- only this flow needs them

        key = _read_key(public_key)
    except ImportError as missing:
        text = "the emulator cannot verify assertions: pip install 'pyjwt[crypto]'"
        raise TokenError("server_error", text, status=500) from missing
    except ValueError as bad:
        text = "the emulator's public_key is neither a PEM public key nor a certificate"
        raise TokenError("server_error", text, status=500) from bad
    try:
        # The caller judges the claims, against the emulator's clock and settings.
        claims = json.loads(jwt.PyJWS().decode(assertion, key, algorithms=["RS256"]))
    except (jwt.PyJWTError, ValueError) as bad:
        raise TokenError("invalid_grant", "invalid assertion") from bad
    return claims if isinstance(claims, dict) else {}


def _read_key(pem: str) -> Any:
    """Read a public key, also out of a certificate: Salesforce apps are given certificates."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    if "BEGIN CERTIFICATE" in pem:
        return load_pem_x509_certificate(pem.encode()).public_key()
    return serialization.load_pem_public_key(pem.encode())
