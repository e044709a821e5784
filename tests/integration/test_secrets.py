"""No secret, no person's data and no body of an answer in any log, error or STATE (promise 6)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pardot_emulator import Emulator
    from tests.helpers.tap import Finished

pytestmark = pytest.mark.usefixtures("queries_only")

DEBUG = {"TAP_PARDOT_LOGLEVEL": "DEBUG"}
PERSON = {
    "id": 11,
    "first_name": "Adasentinel",
    "last_name": "Leesentinel",
    "email": "ada@sentinel.example.com",
    "company": "Sentinel & Sons",
}
# Forms in which a token may leave the tap but never be written: headers and JSON web tokens.
NEVER = re.compile(r"(?i:authorization)|Bearer |\beyJ|PRIVATE KEY|(?i:sentinel)")


@pytest.fixture
def people(emulator: Emulator) -> Emulator:
    """Give the emulator rows that hold a person's data, good and bad."""
    emulator.add("opportunity", [{"id": 1, "name": "Sentinel deal", "prospects": [PERSON]}])
    emulator.add("user", [{"id": 1, "email": "user@sentinel.example.com", "last_name": "Sentinel"}])
    emulator.add("list", [{"id": number, "name": "sentinel list"} for number in range(1, 450)])
    # A value that does not fit, a key that nobody knows, and a row without an id.
    emulator.add(
        "form",
        [
            {"id": 1, "_wire": {"set": {"created_at": "sentinel o'clock", "is_new": "Sentinel"}}},
            {"id": 2, "_wire": {"set": {"id": "sentinel"}}},
        ],
    )
    return emulator


def spoken(run: Finished) -> str:
    """Return all that a run wrote, but for the records and schemas."""
    others = [m for m in run.messages if m["type"] not in {"RECORD", "SCHEMA"}]
    return run.stderr + json.dumps(others)


def check(run: Finished, secrets: Iterable[str]) -> None:
    """Check that nothing of it was written."""
    assert "DEBUG" in run.stderr
    text = spoken(run)
    for secret in secrets:
        assert secret
        assert secret not in text
    assert (NEVER.search(text) or [None])[0] is None
    assert "Traceback" not in run.stderr


def tokens(emulator: Emulator) -> list[str]:
    """Return the access tokens that are out."""
    return list(emulator.issuer._live)


def test_a_run_through_all_kinds_of_trouble_writes_no_secret_and_no_person(people, tap, tmp_path):
    emulator = people
    config = emulator.config | {"token_file": str(tmp_path / "kept.json")}
    emulator.set(oauth={"rotate_refresh_token": True, "expire_after_calls": 5})
    sentence = "sentinel ada@sentinel.example.com"
    emulator.fault(object="campaign", body=f"<html>{sentence}</html>")
    emulator.fault(object="tag", code=46, message=sentence)
    emulator.fault(object="tagObject", code=777, message=sentence, times=None)
    emulator.fault(object="lifecycleStage", body=json.dumps({sentence: sentence}))
    secrets: set[str] = {config["refresh_token"], config["client_secret"]}

    run = tap.run(config, env=DEBUG)

    assert run.exit_code == 1
    assert len(emulator.logins) > 2
    assert run.ids("opportunities") == [1]
    assert run.ids("lists") == list(range(1, 450))
    check(run, secrets | {emulator.oauth.refresh_token, *tokens(emulator)})


def test_the_signature_in_an_address_that_pardot_redirects_to_is_not_written(emulator, tap):
    # Whoever reads such an address from a log can fetch what lies behind it.
    address = "/api/list/version/4/do/query?limit=200&X-Amz-Signature=c0ffee&format=json"
    emulator.fault(object="list", redirect=address)
    emulator.add("list", [{"id": 1}])

    run = tap.run(emulator.config, env=DEBUG)

    assert run.ids("lists") == [1]
    check(run, ["c0ffee"])


def test_a_run_that_is_refused_on_the_way_writes_no_token(people, tap):
    people.fault(object="opportunity", code=184, message="sentinel", times=None)

    run = tap.run(people.config, env=DEBUG)

    assert run.exit_code == 1
    check(run, [people.config["client_secret"], *tokens(people)])


def pem_pair() -> tuple[str, str]:
    """Return a private and its public key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@pytest.mark.parametrize("good", [True, False], ids=["good", "refused"])
def test_a_jwt_login_writes_neither_key_nor_assertion(people, tap, good):
    private, public = pem_pair()
    people.set(oauth={"public_key": public, "user_approved": good})
    config = people.config | {"username": people.oauth.username, "private_key": private}
    del config["refresh_token"], config["client_secret"]

    run = tap.run(config, env=DEBUG)

    assert run.exit_code == (0 if good else 1), run.stderr
    check(run, [*private.splitlines()[1:-1], *tokens(people)])


def test_a_password_login_that_is_refused_writes_no_password(people, tap):
    config = people.config | {"username": "api@example.com", "password": "sentinel%40hunter2"}
    del config["refresh_token"]
    body = json.dumps({"error": "invalid_grant", "error_description": "sentinel hunter2"})
    people.fault(op="token", status=400, body=body)

    run = tap.run(config, env=DEBUG)

    assert run.exit_code == 1
    check(run, ["hunter2", config["client_secret"]])


def test_settings_of_a_wrong_kind_are_not_repeated(people, tap):
    config: dict[str, Any] = people.config | {
        "private_key": "sentinel-key",
        "password": ["sentinel-password"],
        "client_secret": {"secret": "sentinel-secret"},
        "login_url": "https://me:sentinel@login.salesforce.com/path",
        "api_url": "sentinel",
        "timezone": "Sentinel/Town",
    }

    run = tap.run(config, env=DEBUG)

    assert run.exit_code == 1
    assert (NEVER.search(spoken(run)) or [None])[0] is None


def test_a_connection_that_fails_does_not_write_the_credentials_of_a_proxy(people, tap_process):
    # Nobody listens there, so the first try fails, and one is enough.
    env = {**DEBUG, "NO_PROXY": "", "no_proxy": "", "HTTP_PROXY": "http://me:sentinel@127.0.0.1:9"}
    process = tap_process.start(people.config, env=env)
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "Trying again" in line:
            break
    process.terminate()
    _, rest = process.communicate(timeout=30)

    text = "".join(lines) + rest
    assert "The proxy on the way to 127.0.0.1 cannot be used (Connection refused)." in text
    assert "services/oauth2" not in text  # an error's own text holds the address as it was sent
    assert (NEVER.search(text) or [None])[0] is None
