"""Every way to log in works, and every way it can fail ends in one sentence that names a setting.

A run logs in once; a token that dies on the way costs one more login and one repeated call, and a
refresh token that Salesforce rotates must not lock the next run out (reference B).
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pardot_emulator.oauth import DESCRIPTIONS
from tests.helpers.zone import CHECKED

if TYPE_CHECKING:
    from collections.abc import Callable

    from pardot_emulator import Emulator
    from tests.helpers.tap import Finished

    Run = Callable[..., Finished]

pytestmark = pytest.mark.usefixtures("queries_only", "waits")

ROWS = [{"id": number} for number in range(1, 4)]


@pytest.fixture(scope="module")
def key() -> SimpleNamespace:
    """Give an RSA key: ``private`` for the tap, ``public`` for Salesforce."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return SimpleNamespace(
        private=made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        public=made.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )


FLOWS = {
    "refresh": ("client_id", "client_secret", "refresh_token"),
    "jwt": ("client_id", "private_key", "username"),
    "password": ("client_id", "client_secret", "username", "password"),
    "client": ("client_id", "client_secret"),
}
GRANTS = {
    "refresh": "refresh_token",
    "jwt": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "password": "password",
    "client": "client_credentials",
}


def config_for(emulator: Emulator, key: SimpleNamespace, flow: str) -> dict[str, Any]:
    """Return the settings of one flow, and give Salesforce the key."""
    emulator.set(oauth={"public_key": key.public})
    values = {
        **emulator.config,
        "username": emulator.oauth.username,
        "password": emulator.oauth.password,
        "private_key": key.private,
    }
    left_out = {name for names in FLOWS.values() for name in names} - set(FLOWS[flow])
    return {name: value for name, value in values.items() if name not in left_out}


def refused(run: Finished, *settings: str) -> None:
    """Check the end of a run that could not begin."""
    assert run.exit_code == 1, run.stderr
    assert not {"SCHEMA", "RECORD"} & {message["type"] for message in run.messages}
    assert "Traceback" not in run.stderr
    assert run.last_line.endswith((".", ")"))
    for setting in settings:
        assert setting in run.last_line


# --- flows ---


@pytest.mark.parametrize("flow", FLOWS)
def test_each_flow_reads_everything_with_one_login(emulator, key, tap, flow):
    emulator.add("list", ROWS)
    emulator.add("tag", ROWS)

    done = tap.run(config_for(emulator, key, flow), state=CHECKED)

    assert done.exit_code == 0, done.stderr
    assert done.ids("lists") == done.ids("tags") == [1, 2, 3]
    assert [login["grant_type"] for login in emulator.logins] == [GRANTS[flow]]
    assert len(emulator.calls) == 16
    assert {call["code"] for call in emulator.calls} == {None}


def test_a_private_key_with_escaped_newlines_from_the_environment_works(emulator, key, tap):
    config = config_for(emulator, key, "jwt")
    config["private_key"] = key.private.replace("\n", "\\n")
    emulator.add("list", ROWS)

    done = tap.run(config)

    assert done.exit_code == 0, done.stderr
    assert done.ids("lists") == [1, 2, 3]


def test_a_refresh_token_needs_no_secret_where_the_app_asks_for_none(emulator, tap):
    emulator.set(oauth={"require_client_secret": False})
    config = emulator.config
    del config["client_secret"]

    assert tap.run(config).exit_code == 0


def test_a_password_in_netrc_is_not_sent_to_the_login(emulator, tap, tmp_path, monkeypatch):
    # requests would put it into an Authorization header, which Salesforce prefers to the form.
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    assert tap.run(emulator.config).exit_code == 0


# --- refusals by Salesforce ---


REFUSALS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("refresh", {"refresh_token": "another"}, ["refresh_token", "invalid_grant"]),
    ("jwt", {"user_approved": False}, ["username", "private_key", "invalid_grant"]),
    ("jwt", {"audiences": ("https://test.salesforce.com",)}, ["login_url", "is_sandbox"]),
    ("jwt", {"client_id": "another"}, ["client_id", "invalid_client_id"]),
    ("password", {"password": "another"}, ["username", "password", "invalid_grant"]),
    ("client", {"allow_client_credentials": False}, ["login_url", "invalid_grant"]),
    ("refresh", {"client_secret": "another"}, ["client_secret", "invalid_client"]),
    ("client", {"client_secret": "another"}, ["client_secret", "invalid_client"]),
    ("password", {"client_id": "another"}, ["client_id", "invalid_client_id"]),
    ("jwt", {"refuse_with": "inactive_user"}, ["username", "inactive_user"]),
    ("password", {"refuse_with": "inactive_user"}, ["username", "inactive_user"]),
    ("client", {"refuse_with": "unsupported_grant_type"}, ["login_url"]),
    ("jwt", {"refuse_with": "invalid_app_access"}, ["client_id", "invalid_app_access"]),
    ("refresh", {"refuse_with": "inactive_org"}, ["login_url", "is_sandbox"]),
    ("refresh", {"refuse_with": "invalid_scope"}, ["client_id", "pardot_api"]),
    ("refresh", {"refuse_with": "never_heard_of"}, ["login_url", "never_heard_of"]),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda r: f"{r[0]} {r[1]}")
def test_each_refusal_names_the_setting_and_is_not_repeated(emulator, key, tap, waits, refusal):
    flow, app, settings = refusal
    config = config_for(emulator, key, flow)
    emulator.set(oauth=app)

    done = tap.run(config)

    refused(done, *settings)
    assert waits == []
    assert len(emulator.logins) == 1
    assert emulator.calls == []


def test_a_refused_login_on_the_command_line_ends_without_traceback(emulator, tap):
    done = tap.run(emulator.config | {"refresh_token": "expired-hunter2"})

    refused(done, "refresh_token", "login_url")
    assert "expired-hunter2" not in done.stderr + done.stdout


def test_an_unknown_login_error_is_not_quoted(emulator, tap):
    body = json.dumps({"error": "Secret: hunter2!", "error_description": "user ada@example.com"})
    emulator.fault(op="token", status=400, body=body, times=None)

    done = tap.run(emulator.config)

    refused(done, "login_url")
    assert "hunter2" not in done.stderr
    assert "ada@example.com" not in done.stderr


@pytest.mark.parametrize("status", [403, 404, 405])
def test_a_web_page_in_place_of_the_login_names_login_url(emulator, tap, waits, status):
    emulator.fault(op="token", status=status, html=True, times=None)

    done = tap.run(emulator.config)

    refused(done, "login_url")
    assert waits == []
    assert len(emulator.logins) == 1


def test_a_login_that_redirects_is_refused_at_once_and_takes_no_secret_along(emulator, tap):
    # The classic: login_url without "login." or "my." in front answers with a redirect.
    emulator.fault(op="token", redirect=f"{emulator.url}/elsewhere", times=None)

    done = tap.run(emulator.config)

    refused(done, "login_url")
    assert len(emulator.logins) == 1
    assert emulator.calls == []


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 502, "html": True},
        {"status": 503},
        {"status": 429, "headers": {"Retry-After": "3"}},
        {"status": 400, "body": '{"error": "rate_limit_exceeded"}'},
        {"reset": True},
        {"truncate": 10},
    ],
    ids=["502", "503", "429", "rate limit", "reset", "truncated"],
)
def test_a_login_that_fails_for_a_moment_is_repeated(emulator, tap, waits, fault):
    emulator.fault(op="token", times=2, **fault)
    emulator.add("list", ROWS)

    done = tap.run(emulator.config)

    assert done.exit_code == 0, done.stderr
    assert done.ids("lists") == [1, 2, 3]
    assert len(emulator.logins) == 3
    assert waits[0] >= 3 if "headers" in fault else waits[0] < 2


@pytest.mark.parametrize(
    "fault",
    [{"status": 503}, {"status": 502, "html": True}, {"status": 200, "html": True}],
    ids=["503", "HTML 502", "HTML 200"],
)
def test_a_login_that_stays_down_is_an_outage_that_names_login_url(emulator, tap, waits, fault):
    emulator.fault(op="token", times=None, **fault)
    state = {"bookmarks": {"lists": {"replication_key_value": "2024-01-01T00:00:00+00:00"}}}

    done = tap.run(emulator.config, state=state)

    assert done.exit_code == 2
    assert not {"SCHEMA", "RECORD"} & {message["type"] for message in done.messages}
    assert "Traceback" not in done.stderr
    assert "login" in done.last_line
    assert "login_url" in done.last_line
    assert emulator.calls == []
    assert len(waits) >= 5
    assert waits[0] < 2
    assert max(waits) <= 20
    assert 500 <= sum(waits) <= 700
    assert done.state["bookmarks"]["lists"] == state["bookmarks"]["lists"]


def answer(status: int, error: Any, description: Any = None) -> dict[str, Any]:
    """Return a fault: an OAuth error body."""
    body = {"error": error, "error_description": description}
    return {"op": "token", "status": status, "body": json.dumps(body)}


PASSING = [
    answer(400, "unknown_error", "retry your request"),
    answer(400, "server_error"),
    answer(401, "server_error"),
    answer(400, "temporarily_unavailable"),
    answer(403, "rate_limit_exceeded", "login rate exceeded"),
    answer(200, "unknown_error"),
    answer(500, "invalid_grant", "expired access/refresh token"),
    answer(503, "invalid_client"),
    answer(502, "inactive_org"),
    answer(429, "invalid_grant", "authentication failure"),
    answer(429, "unsupported_grant_type"),
    {"op": "token", "status": 429, "body": "[]"},
    {"op": "token", "status": 429, "html": True},
    {"op": "token", "status": 500, "body": "null"},
    {"op": "token", "status": 500, "body": "[" * 100_000},
    answer(400, "invalid_grant", "token request is already being processed"),
    answer(400, "invalid_grant", "A request is already under way."),
    answer(400, "invalid_grant", "Another request for this token is in progress"),
    answer(400, "invalid_grant", "login rate exceeded"),
    answer(400, "invalid_grant", "the rate of logins is exceeded"),
    answer(400, "invalid_grant", "Rate limit exceeded"),
    answer(400, "invalid_grant", "you have exceeded the limit of logins an hour"),
    answer(400, "invalid_grant", "Too many requests"),
    answer(400, "invalid_grant", "The refresh token is already being refreshed"),
    answer(400, "invalid_grant", "Another token request is pending"),
    answer(400, "invalid_grant", "a request for this token is already in flight"),
    answer(400, "invalid_grant", "The request rate is too high"),
    # Strange shapes.
    answer(400, "UNKNOWN_ERROR"),
    answer(400, " Server Error\n"),
    answer(400, "TEMPORARILY-UNAVAILABLE"),
    answer(400, ["server_error"]),
    answer(400, {"code": "unknown_error", "message": "hunter2"}),
    answer(400, " INVALID_GRANT ", "LOGIN RATE EXCEEDED"),
    answer(400, "invalid_grant", ["login rate exceeded"]),
    {"op": "token", "status": 403, "body": '[{"errorCode": "REQUEST_LIMIT_EXCEEDED"}]'},
    {"op": "token", "status": 503, "body": '[{"errorCode": "SERVER_UNAVAILABLE"}]'},
]
FINAL = [
    *(answer(400, "invalid_grant", text) for text in DESCRIPTIONS.values() if "rate" not in text),
    answer(400, "invalid_grant", "expired access/refresh token"),
    answer(400, "invalid_grant", "user hasn't approved this consumer"),
    answer(400, "invalid_grant", "token has already been used"),
    answer(400, "invalid_grant", "the request has already been processed"),
    answer(400, "invalid_grant", "ip restricted or invalid login hours"),
    answer(400, "invalid_grant", "the login process failed for the corporate account"),
    answer(400, " INVALID_GRANT ", ["expired"]),
    answer(400, "Invalid_Client"),
    answer(400, 17),
    answer(400, ["never_heard_of"]),
    answer(401, {"a": 1}),
    {"op": "token", "status": 400, "body": '[{"errorCode": "INVALID_SESSION_ID"}]'},
    {"op": "token", "status": 400, "body": "[17]"},
    {"op": "token", "status": 400, "body": "[" * 100_000},
]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_passing_salesforce_failure_is_retried(emulator, tap, waits, fault):
    emulator.fault(times=2, **fault)

    done = tap.run(emulator.config)

    assert done.exit_code == 0, done.stderr
    assert len(emulator.logins) == 3
    assert waits[0] < 2


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_lasting_salesforce_failure_is_an_outage_not_a_wrong_setting(emulator, tap, waits, fault):
    emulator.fault(times=None, **fault)

    done = tap.run(emulator.config)

    assert done.exit_code == 2
    assert 500 <= sum(waits) <= 700
    assert "login" in done.last_line
    assert "hunter2" not in done.stderr
    for setting in ("refresh_token", "client_id", "client_secret", "is_sandbox"):
        assert setting not in done.last_line
    in_its_own_words = fault["status"] == 429 or "rror" in str(fault.get("body"))
    assert ("login_url" in done.last_line) != in_its_own_words
    assert emulator.calls == []


@pytest.mark.parametrize("fault", FINAL, ids=str)
def test_a_refusal_for_good_is_not_repeated_however_it_is_worded(emulator, tap, waits, fault):
    emulator.fault(times=None, **fault)

    done = tap.run(emulator.config)

    refused(done, "client_secret" if "Client" in fault["body"] else "login_url")
    assert waits == []
    assert len(emulator.logins) == 1


def test_the_log_names_the_error_of_a_passing_failure(emulator, tap):
    emulator.fault(**PASSING[0], times=None)

    done = tap.run(emulator.config)

    assert (
        "Nothing could be read for about 10 minutes: Salesforce does not accept the login for now "
        "(HTTP 400, unknown_error). Run again later."
    ) in done.last_line


@pytest.mark.parametrize("token", ["a\nb", "tok\u20acn", "\ud800", 5, ""])
def test_a_token_that_cannot_be_sent_is_an_answer_without_one(emulator, tap, waits, token):
    emulator.fault(op="token", body=json.dumps({"access_token": token, "refresh_token": token}))

    done = tap.run(emulator.config)

    assert done.exit_code == 0, done.stderr
    assert "Salesforce's login answered HTTP 200 without a token." in done.stderr
    assert len(emulator.logins) == 2
    assert len(waits) == 1


# --- refusals by Pardot ---


@pytest.mark.parametrize(
    ("fault", "settings"),
    [
        ({"code": 181}, ["pardot_business_unit_id", "181"]),
        ({"code": 181, "status": 200}, ["pardot_business_unit_id", "181"]),
        ({"code": 182}, ["pardot_business_unit_id", "182"]),
        ({"code": 201}, ["pardot_business_unit_id", "is_sandbox", "201"]),
        ({"code": 201, "status": 200}, ["pardot_business_unit_id", "is_sandbox", "201"]),
    ],
)
def test_each_refusal_of_the_business_unit_names_the_setting(emulator, tap, fault, settings):
    emulator.fault(times=None, **fault)

    done = tap.run(emulator.config)

    refused(done, *settings)
    assert len(emulator.calls) == 1


def test_an_unknown_business_unit_ends_before_any_data(emulator, tap):
    emulator.set(business_unit_id="0UvANOTHER00000002")
    config = emulator.config | {"pardot_business_unit_id": "0UvEMULATOR0000001"}

    done = tap.run(config)

    refused(done, "pardot_business_unit_id", "201")
    assert [call["code"] for call in emulator.calls] == [201]
    assert len(emulator.logins) == 1


@pytest.mark.parametrize("legacy", [False, True], ids=["HTTP 401", "HTTP 200"])
def test_a_token_that_pardot_never_takes_names_scope_and_business_unit(emulator, tap, legacy):
    emulator.set(oauth={"pardot_scope": False}, legacy_status=legacy)

    done = tap.run(emulator.config)

    refused(done, "pardot_api", "pardot_business_unit_id", "184")
    assert len(emulator.logins) == 2
    assert [call["code"] for call in emulator.calls] == [184, 184]


# --- a token that dies on the way ---


@pytest.mark.parametrize(
    "fault",
    [
        {"change": {"expire_tokens": True}},
        {"change": {"expire_tokens": True, "settings": {"legacy_status": True}}},
        {"status": 401, "html": True},
        {"code": 1},
    ],
    ids=["HTTP 401", "HTTP 200", "without a code", "code 1"],
)
def test_a_token_that_dies_on_the_way_is_renewed_once_and_the_call_repeated(emulator, tap, fault):
    emulator.add("list", [{"id": number} for number in range(1, 451)])
    emulator.fault(object="list", nth=2, **fault)

    done = tap.run(emulator.config, state=CHECKED)

    assert done.exit_code == 0, done.stderr
    assert done.ids("lists") == list(range(1, 451))
    assert len(emulator.logins) == 2
    asked = [call["params"] for call in emulator.calls if call["object"] == "list"]
    assert len(asked) == 4
    assert asked[1] == asked[2]
    assert len(emulator.calls) == 16 + 3


def test_two_refusals_apart_in_time_are_two_renewals(emulator, tap):
    emulator.add("list", [{"id": number} for number in range(1, 451)])
    emulator.set(oauth={"expire_after_calls": 4})

    done = tap.run(emulator.config, state=CHECKED)

    assert done.exit_code == 0, done.stderr
    assert done.ids("lists") == list(range(1, 451))
    assert len(emulator.logins) == 5  # 18 good calls, 4 for each token
    assert len(emulator.calls) == 18 + 4


def test_a_token_refused_for_good_on_the_way_stops_all_and_the_next_run_goes_on(emulator, tap):
    emulator.add("list", [{"id": number} for number in range(1, 451)])
    emulator.add("tag", ROWS)
    emulator.fault(object="list", nth=2, code=184, times=None)

    first = tap.run(emulator.config)

    assert first.exit_code == 1
    assert "pardot_business_unit_id" in first.last_line
    assert "Traceback" not in first.stderr
    assert first.ids("lists") == list(range(1, 201))
    assert first.ids("tags") == []
    emulator.clear_faults()

    second = tap.run(emulator.config, state=first.state)

    assert second.exit_code == 0, second.stderr
    assert second.ids("lists") == list(range(201, 451))
    assert second.ids("tags") == [1, 2, 3]


def test_a_login_that_goes_down_on_the_way_is_an_outage_with_a_good_state(emulator, tap, waits):
    emulator.add("list", [{"id": number} for number in range(1, 451)])
    emulator.fault(object="list", nth=2, change={"expire_tokens": True})
    emulator.fault(op="token", nth=2, times=None, status=503)

    first = tap.run(emulator.config)

    assert first.exit_code == 2
    assert first.ids("lists") == list(range(1, 201))
    assert "Traceback" not in first.stderr
    assert 500 <= sum(waits) <= 700
    emulator.clear_faults()

    second = tap.run(emulator.config, state=first.state)

    assert second.exit_code == 0, second.stderr
    assert second.ids("lists") == list(range(201, 451))


def test_a_login_that_is_refused_on_the_way_names_the_setting(emulator, tap, waits):
    emulator.add("list", [{"id": number} for number in range(1, 451)])
    emulator.fault(object="list", nth=2, change={"expire_tokens": True})
    emulator.fault(op="token", nth=2, times=None, status=400, body='{"error": "invalid_grant"}')

    done = tap.run(emulator.config)

    assert done.exit_code == 1
    assert "refresh_token" in done.last_line
    assert waits == []
