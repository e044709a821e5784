"""Clients notice an invalid token only by a refusal, so refusals must be those of Salesforce."""

from __future__ import annotations

import datetime as dt
import sys

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pardot_emulator.oauth import JWT_BEARER, OAuthSettings, TokenIssuer

NOW = 1_700_000_000
APP = {"client_id": "emulator-client", "client_secret": "emulator-secret"}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "emulator-refresh", **APP}
PASSWORD = {
    "grant_type": "password",
    "username": "api@example.com",
    "password": "emulator-password",
    **APP,
}
CLIENT_CREDENTIALS = {"grant_type": "client_credentials", **APP}
CLAIMS = {
    "iss": "emulator-client",
    "sub": "api@example.com",
    "aud": "https://login.salesforce.com",
    "exp": NOW + 180,
}


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def pem(key):
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


# What the check of a header returns.
GOOD, DEAD = (None, ""), (184, ": Inactive token")


def issuer(**settings):
    return TokenIssuer(OAuthSettings(**settings), clock=lambda: NOW)


def jwt_form(key, algorithm="RS256", **claims):
    held = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return {"grant_type": JWT_BEARER, "assertion": jwt.encode(held, key, algorithm=algorithm)}


def bearer(body):
    return f"Bearer {body['access_token']}"


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        (REFRESH, {"issued_at", "signature", "scope"}),
        (PASSWORD, {"issued_at", "signature"}),
        (CLIENT_CREDENTIALS, {"issued_at", "signature", "scope"}),
    ],
    ids=["refresh", "password", "client-credentials"],
)
def test_an_accepted_exchange_gives_a_token_that_works_and_no_lifetime(form, keys):
    login = issuer()

    status, body = login.exchange(form)

    assert status == 200
    assert set(body) == {"access_token", "instance_url", "id", "token_type"} | keys
    assert body["access_token"].startswith("00D")
    assert "!AQ" in body["access_token"]
    assert body["issued_at"] == f"{NOW}000"
    assert login.check(bearer(body)) == GOOD


def test_a_signed_assertion_gives_a_token(key, pem):
    login = issuer(public_key=pem)

    status, body = login.exchange(jwt_form(key))

    assert status == 200
    assert set(body) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert login.check(bearer(body)) == GOOD


def test_the_key_may_come_in_a_certificate(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "emulator")])
    day = dt.datetime(2023, 11, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + dt.timedelta(days=365))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )

    assert issuer(public_key=certificate).exchange(jwt_form(key))[0] == 200


@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [
        ({"iss": "other-app"}, "invalid_client_id", "client identifier invalid"),
        ({"iss": None}, "invalid_client_id", "client identifier invalid"),
        ({"sub": "x@example.com"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"aud": "http://127.0.0.1:1"}, "invalid_grant", "audience is invalid"),
        ({"aud": ["https://login.salesforce.com"]}, "invalid_grant", "audience is invalid"),
        ({"aud": None}, "invalid_grant", "audience is invalid"),
        ({"exp": NOW}, "invalid_grant", "invalid assertion"),
        ({"exp": NOW + 301}, "invalid_grant", "invalid assertion"),
        ({"exp": None}, "invalid_grant", "invalid assertion"),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(key, pem, claims, error, description):
    status, body = issuer(public_key=pem).exchange(jwt_form(key, **claims))

    assert (status, body) == (400, {"error": error, "error_description": description})


def test_an_assertion_not_signed_with_rs256_and_the_apps_key_is_refused(key, pem):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    login = issuer(public_key=pem)
    forms = [
        jwt_form(other),
        jwt_form(key, algorithm="RS512"),
        jwt_form("a secret shared by both, long enough for the rule", algorithm="HS256"),
        jwt_form("", algorithm="none"),
        {"grant_type": JWT_BEARER, "assertion": "not.a.jwt"},
        {"grant_type": JWT_BEARER},
    ]

    answers = [login.exchange(form) for form in forms]

    refusal = {"error": "invalid_grant", "error_description": "invalid assertion"}
    assert answers == [(400, refusal)] * len(forms)


def test_an_emulator_that_cannot_verify_assertions_answers_500(key, pem, monkeypatch):
    form = jwt_form(key)
    answers = [issuer().exchange(form), issuer(public_key="garbage").exchange(form)]
    monkeypatch.setitem(sys.modules, "jwt", None)
    answers.append(issuer(public_key=pem).exchange(form))

    assert [status for status, _ in answers] == [500, 500, 500]
    texts = [body["error_description"] for _, body in answers]
    assert "no public_key" in texts[0]
    assert "neither a PEM public key" in texts[1]
    assert "pip install 'pyjwt[crypto]'" in texts[2]


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({}, "invalid_request", "grant type is missing"),
        ({"grant_type": "magic"}, "unsupported_grant_type", "grant type not supported"),
        ({**REFRESH, "client_id": "x"}, "invalid_client_id", "client identifier invalid"),
        ({**REFRESH, "client_secret": "x"}, "invalid_client", "invalid client credentials"),
        ({**REFRESH, "refresh_token": "x"}, "invalid_grant", "expired access/refresh token"),
        ({**PASSWORD, "password": "x"}, "invalid_grant", "authentication failure"),
        ({**PASSWORD, "username": "x"}, "invalid_grant", "authentication failure"),
        ({**CLIENT_CREDENTIALS, "client_id": ""}, "invalid_client_id", "client identifier invalid"),
        (
            {"grant_type": "client_credentials", "client_id": "emulator-client"},
            "invalid_client",
            "invalid client credentials",
        ),
        (
            {"grant_type": "authorization_code", "code": "x", **APP},
            "invalid_grant",
            "expired authorization code",
        ),
    ],
)
def test_a_bad_exchange_is_refused_with_the_description_of_salesforce(form, error, description):
    status, body = issuer().exchange(form)

    assert (status, body) == (400, {"error": error, "error_description": description})


def test_http_basic_replaces_the_client_fields():
    form = {"grant_type": "refresh_token", "refresh_token": "emulator-refresh"}
    login = issuer()

    assert login.exchange(form, ("emulator-client", "emulator-secret"))[0] == 200
    status, body = login.exchange(form, ("emulator-client", "wrong"))
    assert (status, body["error"]) == (401, "invalid_client")


def test_an_app_may_need_no_secret_but_never_takes_a_wrong_one():
    login = issuer(require_client_secret=False)
    form = {key: value for key, value in REFRESH.items() if key != "client_secret"}

    assert login.exchange(form)[0] == 200
    assert login.exchange({**form, "client_secret": "wrong"})[1]["error"] == "invalid_client"
    assert issuer().exchange(form)[1]["error"] == "invalid_client"


def test_rotation_gives_a_new_refresh_token_and_kills_the_old_one():
    login = issuer(rotate_refresh_token=True)

    new = login.exchange(REFRESH)[1]["refresh_token"]

    assert new.startswith("5Aep")
    assert login.exchange({**REFRESH, "refresh_token": new})[0] == 200
    assert login.exchange(REFRESH)[1]["error"] == "invalid_grant"
    assert "refresh_token" not in issuer().exchange(REFRESH)[1]


def test_a_refresh_token_that_was_rotated_away_revokes_everything_when_it_is_sent_again():
    login = issuer(rotate_refresh_token=True)
    first = login.exchange(REFRESH)[1]

    assert login.exchange({**REFRESH, "refresh_token": "unknown"})[1]["error"] == "invalid_grant"
    assert login.check(bearer(first)) == GOOD
    assert login.exchange(REFRESH)[1]["error"] == "invalid_grant"

    assert login.check(bearer(first)) == DEAD
    again = login.exchange({**REFRESH, "refresh_token": first["refresh_token"]})
    assert again[1]["error"] == "invalid_grant"


def test_the_security_token_must_follow_the_password():
    login = issuer(security_token="XyZ")

    assert login.exchange(PASSWORD)[0] == 400
    assert login.exchange({**PASSWORD, "password": "emulator-passwordXyZ"})[0] == 200


@pytest.mark.parametrize(
    ("switch", "form", "error"),
    [
        ({"allow_password": False}, PASSWORD, "invalid_grant"),
        ({"allow_client_credentials": False}, CLIENT_CREDENTIALS, "invalid_grant"),
        ({"refuse_with": "inactive_user"}, REFRESH, "inactive_user"),
        ({"refuse_with": "rate_limit_exceeded"}, PASSWORD, "rate_limit_exceeded"),
    ],
)
def test_switches_disable_a_flow(switch, form, error):
    assert issuer().exchange(form)[0] == 200
    status, body = issuer(**switch).exchange(form)
    assert (status, body["error"]) == (400, error)


def test_a_user_who_is_not_approved_gets_no_token_by_assertion(key, pem):
    body = issuer(public_key=pem, user_approved=False).exchange(jwt_form(key))[1]

    assert body["error_description"] == "user hasn't approved this consumer"


@pytest.mark.parametrize(
    ("header", "code", "suffix"),
    [
        (None, 49, ""),
        ("Pardot api_key=1, user_key=2", 199, ""),
        ("Basic eDp5", 126, ""),
        ("Bearer", 184, ": Inactive token"),
        ("Bearer nobody", 184, ": Inactive token"),
        ("", 126, ""),
    ],
)
def test_a_header_without_a_valid_token_is_refused(header, code, suffix):
    login = issuer()
    login.exchange(REFRESH)

    assert login.check(header) == (code, suffix)


def test_the_word_bearer_is_read_in_any_case():
    login = issuer()
    body = login.exchange(REFRESH)[1]

    assert login.check(f"bearer {body['access_token']}") == GOOD


def test_a_token_dies_after_its_calls_and_the_next_one_counts_afresh():
    login = issuer(expire_after_calls=2)
    first, second = (bearer(login.exchange(REFRESH)[1]) for _ in range(2))

    assert [login.check(first) for _ in range(4)] == [GOOD, GOOD, DEAD, DEAD]
    assert login.check(second) == GOOD


def test_expiring_now_kills_every_token_but_not_the_refresh_token():
    login = issuer()
    held = [bearer(login.exchange(REFRESH)[1]) for _ in range(2)]

    assert login.expire_now() == 2
    assert [login.check(header) for header in held] == [DEAD, DEAD]
    assert login.check(bearer(login.exchange(REFRESH)[1])) == GOOD


def test_without_the_pardot_scope_only_the_password_flow_is_let_in():
    login = issuer(pardot_scope=False)
    refreshed = login.exchange(REFRESH)[1]

    assert "pardot_api" not in refreshed["scope"]
    assert login.check(bearer(refreshed)) == (184, ": Invalid scope")
    assert login.check(bearer(login.exchange(PASSWORD)[1])) == GOOD


def test_the_settings_do_not_show_their_secrets():
    shown = repr(OAuthSettings())

    assert "emulator-client" in shown
    for secret in ("emulator-secret", "emulator-refresh", "emulator-password"):
        assert secret not in shown
