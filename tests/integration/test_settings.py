"""Wrong settings, STATE and catalogs are refused before any call; right ones are used."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tap_pardot.api.http import Transport
from tap_pardot.config.validation import endpoints, normalized, problems
from tap_pardot.errors import ConfigurationError
from tap_pardot.sync.account import zone_of_api_user
from tap_pardot.tap import TapPardot
from tests.helpers.catalog import select
from tests.helpers.runner import invoke
from tests.helpers.zone import CHECKED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.helpers.tap import Finished

pytestmark = pytest.mark.usefixtures("queries_only")

GOOD = {
    "pardot_business_unit_id": "0UvEMULATOR0000001",
    "client_id": "app",
    "client_secret": "hunter2-secret",
    "refresh_token": "hunter2-refresh",
    "timezone": "America/New_York",
}
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def found(**changes: Any) -> list[str]:
    """Return what is wrong with good settings after some changes; None removes one."""
    config = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return problems(normalized(config))


def sentences(run: Finished) -> list[str]:
    """Return the sentences of a log at level ERROR."""
    return [
        line.split(" | ", 3)[-1].strip() for line in run.stderr.splitlines() if "| ERROR " in line
    ]


# --- wrong settings ---


def test_the_settings_that_the_others_are_changed_from_are_good():
    assert found() == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("pardot_business_unit_id", None),
        ("pardot_business_unit_id", ""),
        ("pardot_business_unit_id", "0UvEMULATOR000001"),
        ("pardot_business_unit_id", "0UvEMULATOR00000012"),
        ("pardot_business_unit_id", "0uvEMULATOR00000001"),
        ("pardot_business_unit_id", "0UvEMULATOR000000é"),
        ("client_id", None),
        ("client_id", ""),
        ("timezone", "New York"),
        ("timezone", "../../etc/passwd"),
        ("timezone", "America"),
        ("timezone", "EST5EDT,M3.2.0,M11.1.0"),
        ("start_date", "yesterday"),
        ("start_date", "31.01.2024"),
        ("start_date", "2024-02-30"),
        ("start_date", "2024-01-31T25:00:00Z"),
        ("start_date", "2999-01-01T00:00:00Z"),
        ("end_date", "soon"),
        ("max_concurrent_requests", 9),
        ("max_concurrent_requests", 0),
        ("max_concurrent_requests", -1),
        ("max_concurrent_requests", 2.5),
        ("max_concurrent_requests", True),
        ("max_concurrent_requests", "many"),
        ("daily_call_limit", 0),
        ("daily_call_limit", "10.5"),
        ("request_timeout", 0),
        ("request_timeout", [1]),
        ("lookback_seconds", -1),
        ("api_version", 6),
        ("api_version", "v4"),
        ("is_sandbox", "maybe"),
        ("is_sandbox", 1),
        ("login_url", "login.salesforce.com"),
        ("login_url", "http://login.salesforce.com"),
        ("login_url", "https://login.salesforce.com/services/oauth2/token"),
        ("api_url", "ftp://pi.pardot.com"),
        ("api_url", "https://"),
        ("api_url", "https://[pi.pardot.com"),
        ("api_url", "https://pi.pardot.com/api?format=json"),
        ("api_url", "https://somebody:hunter2-url@pi.pardot.com"),
        ("api_url", "https://pi.pardot.com:port"),
        ("client_secret", 7),
        ("refresh_token", ["hunter2-refresh"]),
        ("user_agent", {"a": 1}),
        ("token_file", 5),
        ("pardot_business_unit_id", 7),
        ("timezone", 5),
        ("start_date", 20240131),
        ("user_agent", "two\r\nlines"),
    ],
)
def test_each_wrong_setting_is_one_sentence_with_its_name(setting, value):
    messages = found(**{setting: value})

    (sentence,) = messages
    assert re.search(rf"\b{setting}\b", sentence)
    assert sentence.endswith(".")
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("start_date", "2024-01-31"),
        ("start_date", "2024-01-31 10:00:00"),
        ("start_date", "2024-01-31T10:00:00+02:00"),
        ("start_date", "2007-01-01T00:00:00Z"),
        ("end_date", "2099-01-01"),
        ("max_concurrent_requests", "5"),
        ("daily_call_limit", " 1000 "),
        ("is_sandbox", "True"),
        ("api_version", "3"),
        ("login_url", "https://example.my.salesforce.com/"),
        ("api_url", "http://127.0.0.1:8080"),
        ("timezone", ""),
        ("start_date", None),
        ("user_agent", ""),
    ],
)
def test_each_right_setting_is_taken(setting, value):
    assert found(**{setting: value}) == []


HALF_FLOWS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": (dict.fromkeys(GOOD.keys() - {"pardot_business_unit_id"}), ["client_id"]),
    "client_id alone": ({"client_secret": None, "refresh_token": None}, ["client_secret"]),
    "password without username": (
        {"refresh_token": None, "password": "hunter2-password"},
        ["username"],
    ),
    "username without password": (
        {"refresh_token": None, "username": "api@example.com"},
        ["password"],
    ),
    "key without username": (
        {"refresh_token": None, "client_secret": None, "private_key": "hunter2-key"},
        ["username", "private_key"],
    ),
    "two half flows": (
        {"refresh_token": None, "private_key": "hunter2-key", "password": "hunter2-password"},
        ["username", "private_key", "password"],
    ),
    "refresh token and half a password": ({"password": "hunter2-password"}, ["password"]),
    "refresh token without client_id": ({"client_id": None}, ["client_id"]),
}


@pytest.mark.parametrize(("changes", "named"), HALF_FLOWS.values(), ids=HALF_FLOWS)
def test_half_a_login_names_what_is_missing(changes, named):
    messages = " ".join(found(**changes))

    for setting in named:
        assert re.search(rf"\b{setting}\b", messages)
    assert "hunter2" not in messages


def test_all_wrong_settings_are_reported_together_before_any_call_and_without_a_secret(
    emulator, tap
):
    config = emulator.config | {
        "pardot_business_unit_id": "0Xv123",
        "timezone": "Mars/Olympus",
        "start_date": "the other day",
        "end_date": 17,
        "max_concurrent_requests": 9,
        "daily_call_limit": "lots",
        "is_sandbox": "perhaps",
        "private_key": "hunter2-key",
        "password": "hunter2-password",
        "refresh_token": "",
        "client_secret": ["hunter2-secret"],
        "api_url": "pi.pardot.com",
        "login_url": "https://hunter2-host/services/oauth2/token",
    }

    run = tap.run(config)

    assert run.exit_code == 1
    assert run.stdout == ""
    assert emulator.calls == emulator.logins == []
    assert "Traceback" not in run.stderr
    *messages, last = sentences(run)
    for setting in config.keys() - {"client_id", "refresh_token", "username"}:
        assert any(re.search(rf"\b{setting}\b", sentence) for sentence in messages), setting
    assert all(sentence.endswith(".") for sentence in messages)
    assert len(messages) == len(set(messages))
    assert last == run.last_line
    assert "Nothing was read" in last
    assert "hunter2" not in run.stderr


@pytest.mark.parametrize("content", [None, "{not JSON", "[1, 2]", '"text"'])
def test_a_config_file_that_is_missing_or_no_json_object_is_a_sentence(tmp_path, content):
    path = tmp_path / "config-file.json"
    if content is not None:
        path.write_text(content)

    run = invoke("--config", str(path))

    assert run.exit_code != 0
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    assert "nobody foresaw" not in run.stderr
    assert "JSON" in run.last_line or "config-file.json" in run.last_line


# --- settings that are honoured ---


def test_config_env_takes_the_settings_from_the_environment(emulator):
    emulator.add("list", [{"id": 1}])
    env = emulator.environment | {
        "TAP_PARDOT_MAX_CONCURRENT_REQUESTS": "2",
        "TAP_PARDOT_IS_EMULATOR": "false",
        "TAP_PARDOT_START_DATE": "",
        "TAP_PARDOT_BULK_SOURCE": "query",
    }

    run = invoke("--config", "ENV", env=env)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1]


def test_pardot_api_url_is_another_name_of_api_url(emulator, tap):
    config = emulator.config
    config["pardot_api_url"] = config.pop("api_url")
    emulator.add("list", [{"id": 1}])

    run = tap.run(config)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1]
    assert normalized({"pardot_api_url": "https://a", "api_url": "https://b"})["api_url"] in {
        "https://a",
        "https://b",
    }


def test_is_sandbox_chooses_both_hosts_unless_they_are_set():
    assert endpoints({}) == ("https://login.salesforce.com", "https://pi.pardot.com")
    assert endpoints({"is_sandbox": True}) == (
        "https://test.salesforce.com",
        "https://pi.demo.pardot.com",
    )
    own = "https://example.my.salesforce.com"
    assert endpoints({"is_sandbox": True, "login_url": own}) == (own, "https://pi.demo.pardot.com")
    assert endpoints({"api_url": own}) == ("https://login.salesforce.com", own)


def test_the_user_agent_names_the_tap_or_what_is_set():
    assert Transport(origins=set(), read_timeout=1, user_agent="mine/1").session.headers[
        "User-Agent"
    ] == ("mine/1")


# --- time zone ---


def without_zone(emulator: Any) -> dict[str, Any]:
    """Return settings that leave the zone to Pardot."""
    return {name: value for name, value in emulator.config.items() if name != "timezone"}


def test_the_zone_comes_from_the_user_records_which_are_read_once(emulator, tap):
    emulator.set(user_timezone=True, timezone="America/New_York")
    users = [{"id": number, "timezone": "America/New_York"} for number in range(1, 251)]
    emulator.add("user", users)
    emulator.add("list", [{"id": 1, "created_at": "2024-07-01T12:00:00Z"}])

    run = tap.run(without_zone(emulator), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert "time zone is America/New_York" in run.stderr
    assert run.records["lists"][0]["created_at"].startswith("2024-07-01T12:00:00")
    assert run.ids("users") == list(range(1, 251))
    assert sum(call["object"] == "user" for call in emulator.calls) == 2
    assert len(emulator.calls) == 17
    assert "users: 250 rows, 2 calls" in run.stderr


@pytest.mark.parametrize(
    ("shown", "zones"),
    [
        (False, ["America/New_York"]),
        (True, ["America/New_York", "Europe/Madrid"]),
        (True, ["Eastern Time"]),
        (True, []),
    ],
    ids=["no zone", "two zones", "no IANA name", "no users"],
)
def test_where_pardot_has_no_time_zone_the_user_is_asked_to_set_one(emulator, tap, shown, zones):
    emulator.set(user_timezone=shown)
    emulator.add("user", [{"id": n, "timezone": zone} for n, zone in enumerate(zones, 1)])

    run = tap.run(without_zone(emulator))

    assert run.exit_code == 1
    assert "set timezone" in run.last_line
    assert not {"SCHEMA", "RECORD"} & {message["type"] for message in run.messages}
    assert "Traceback" not in run.stderr


def test_the_time_zone_is_that_of_the_user_who_logs_in():
    users = [
        {"email": "a@example.com", "timezone": "Europe/Madrid"},
        {"email": "api@example.com", "timezone": "Asia/Tokyo"},
    ]
    assert zone_of_api_user(users, "api@example.com") == "Asia/Tokyo"
    assert zone_of_api_user(users, "nobody@example.com") is None
    assert zone_of_api_user(users, None) is None
    assert zone_of_api_user([*users, {"email": "b@example.com"}], None) is None


# --- daily_call_limit ---


def test_the_daily_call_limit_is_shared_by_the_runs_of_a_day_only(emulator, tap):
    config = emulator.config | {"daily_call_limit": 20}
    emulator.add("tag", [{"id": 1}])

    first = tap.run(config, state=CHECKED)

    assert (first.exit_code, len(emulator.calls)) == (0, 16)

    emulator.set(clock=10)  # two runs in one second would leave the second nothing to ask
    second = tap.run(config, state=first.state)

    assert second.exit_code == 0
    assert len(emulator.calls) == 20
    assert "daily_call_limit" in second.last_line
    assert "| WARNING" in second.stderr.splitlines()[-1]
    assert "lists: 0 rows, 0 calls, stopped" in second.stderr

    third = tap.run(config, state=second.state)

    assert third.exit_code == 0
    assert len(emulator.calls) == 20
    assert third.state["bookmarks"] == second.state["bookmarks"]

    # The same STATE a day later: the count begins again.
    day = datetime.fromisoformat(third.state["calls"]["day"]) - timedelta(days=1)
    edited = {**third.state, "calls": {**third.state["calls"], "day": f"{day:%Y-%m-%d}"}}

    emulator.set(clock=20)
    fourth = tap.run(config, state=edited)

    assert fourth.exit_code == 0
    # The stream that was stopped has a window left open, and another one after it.
    assert len(emulator.calls) == 37
    assert "Complete" in fourth.last_line


def test_the_daily_call_limit_counts_repeated_calls_too(emulator, tap):
    emulator.fault(object="campaign", code=66)

    run = tap.run(emulator.config | {"daily_call_limit": 3})

    assert run.exit_code == 0
    assert len(emulator.calls) == 3
    assert "daily_call_limit" in run.last_line


# --- STATE ---

NAMED = {"replication_key": "updated_at", "replication_key_value": "2024-01-01T00:00:00+00:00"}
UNREADABLE: dict[str, tuple[Any, str]] = {
    "a text": ({"bookmarks": {"lists": "2024-01-01"}}, "lists"),
    "null": ({"bookmarks": {"tags": None}}, "tags"),
    "partitions": ({"bookmarks": {"tags": {"partitions": [NAMED]}}}, "tags"),
    "no time": ({"bookmarks": {"lists": {**NAMED, "replication_key_value": "soon"}}}, "lists"),
    "a number": ({"bookmarks": {"lists": {**NAMED, "replication_key_value": 7}}}, "lists"),
    "no id": (
        {"bookmarks": {"email_clicks": {"replication_key_value": "2024-01-01"}}},
        "email_clicks",
    ),
    "a negative id": (
        {"bookmarks": {"email_clicks": {"replication_key_value": -1}}},
        "email_clicks",
    ),
    "a bad cursor": ({"bookmarks": {"forms": {**NAMED, "cursor": "x"}}}, "forms"),
    "a bad window": ({"bookmarks": {"forms": {**NAMED, "window": [1, 2]}}}, "forms"),
    "half a window": (
        {"bookmarks": {"forms": {"window": {"start": "2024-01-01T00:00:00Z"}}}},
        "forms",
    ),
}
WHOLLY_UNREADABLE: dict[str, Any] = {
    "no bookmarks": {"lists": "2024-01-01T00:00:00Z"},
    "bookmarks as a list": {"bookmarks": []},
    "bookmarks as a text": {"bookmarks": ""},
    "a list": [],
    "no JSON": "{not JSON",
}


@pytest.mark.parametrize(("state", "stream"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_bookmark_that_cannot_be_read_names_its_stream(state, stream):
    with pytest.raises(ConfigurationError, match=rf"STATE of stream {stream} ") as error:
        TapPardot(config=GOOD, state=state)

    assert str(error.value).endswith(".")


@pytest.mark.parametrize("state", WHOLLY_UNREADABLE.values(), ids=WHOLLY_UNREADABLE)
def test_a_state_that_cannot_be_read_stops_the_run_before_any_call(emulator, tap, state):
    run = tap.run(emulator.config, state=state)

    assert run.exit_code == 1
    assert run.stdout == ""
    assert emulator.calls == emulator.logins == []
    assert "STATE" in run.last_line
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(("state", "named"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_state_that_cannot_be_read_names_the_stream_and_stops(emulator, tap, state, named):
    run = tap.run(emulator.config, state=state)

    assert run.exit_code == 1
    assert run.stdout == ""
    assert emulator.calls == emulator.logins == []
    assert named in run.last_line
    assert "STATE" in run.last_line
    assert "Traceback" not in run.stderr


READABLE: dict[str, Any] = {
    "an empty file": "",
    "null": {"bookmarks": None},
    "a whole message": {"type": "STATE", "value": {"bookmarks": {"lists": NAMED}}},
    "a stream that is gone": {"bookmarks": {"landing_pages": {"updated_at": "2024-01-01"}}},
}


def test_states_that_can_be_read_are_followed(emulator, tap):
    emulator.add("list", [{"id": 1, "updated_at": "2023-06-01"}, {"id": 2}])
    emulator.update("list", 2, updated_at="2024-06-01")
    for name, state in READABLE.items():
        run = tap.run(emulator.config, state=state)

        assert run.exit_code == 0, (name, run.stderr)
        expected = [2] if "lists" in json.dumps(state) else [1, 2]
        assert run.ids("lists") == expected, name


@pytest.mark.parametrize("where", ["start_date", "end_date", "STATE"])
def test_the_first_day_of_the_calendar_is_read_or_refused_but_no_surprise(emulator, tap, where):
    # Its local time west of Greenwich lies before the first day that Python knows.
    first = "0001-01-01T00:00:00Z"
    bookmark = {**NAMED, "replication_key_value": first}
    state = {"bookmarks": {"lists": bookmark}} if where == "STATE" else None
    setting = {} if where == "STATE" else {where: first}

    run = tap.run(emulator.config | setting, state=state)

    assert "nobody foresaw" not in run.stderr
    assert run.exit_code == 0 or where in run.last_line or where in run.stderr


# --- catalog ---


def test_replication_settings_of_the_catalog_that_are_ignored_are_logged(emulator, tap):
    emulator.add("list", [{"id": 1, "name": "A"}])
    catalog = select("lists", "account")
    entry = next(each for each in catalog["streams"] if each["tap_stream_id"] == "lists")
    for each in entry["metadata"]:
        if each["breadcrumb"] in (["properties", "id"], ["properties", "name"]):
            each["metadata"] = {"inclusion": "available", "selected": False}
    catalog["streams"].append({**entry, "tap_stream_id": "landing_pages"})

    run = tap.run(emulator.config, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    warnings = [line for line in run.stderr.splitlines() if "| WARNING" in line]
    assert len(warnings) == 2
    assert any("landing_pages" in line for line in warnings)
    assert any("lists.id" in line for line in warnings)
    (record,) = run.records["lists"]
    assert record["id"] == 1
    assert "name" not in record


LISTS = {"tap_stream_id": "lists", "schema": {"properties": {}}}


@pytest.mark.parametrize(
    "catalog",
    [
        {},
        [],
        {"streams": "lists"},
        {"streams": ["lists"]},
        {"streams": [{"tap_stream_id": "lists"}]},
        {"streams": [{**LISTS, "schema": {"properties": {"id": 1}}}]},
        {"streams": [{**LISTS, "tap_stream_id": 7}]},
        {"streams": [{**LISTS, "metadata": {"selected": True}}]},
        {"streams": [{**LISTS, "metadata": [{"breadcrumb": []}]}]},
    ],
)
def test_a_catalog_of_another_form_is_a_sentence(emulator, tap, catalog):
    run = tap.run(emulator.config, catalog=catalog)
    assert run.exit_code == 1
    assert run.last_line.startswith("The catalog is not a Singer catalog: pass a file that")
    assert emulator.calls == []


def test_a_catalog_without_selected_streams_is_a_warning(emulator, tap):
    run = tap.run(emulator.config, catalog=select())
    assert run.exit_code == 0
    assert "No stream is selected" in run.stderr
    # There is no warning about fields of streams that are not selected.
    assert run.stderr.count("WARNING") == 1


def test_a_folder_in_place_of_a_file_is_a_sentence(tmp_path):
    run = invoke("--config", str(tmp_path))
    assert run.exit_code == 1
    assert run.last_line.startswith(
        f"--config: the file {tmp_path} cannot be read (Is a directory): "
    )


def test_a_catalog_that_is_no_json_is_a_sentence(emulator, tap):
    run = tap.run(emulator.config, catalog="{not JSON")

    assert run.exit_code == 1
    assert "JSON" in run.last_line
    assert "Traceback" not in run.stderr
    assert emulator.calls == []


# --- proxies and certificates ---


@contextmanager
def proxy() -> Iterator[SimpleNamespace]:
    """Run an HTTP proxy: ``url``, and the ``seen`` targets."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            target = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            edited = {name: v for name, v in self.headers.items() if name.lower() != "connection"}
            onward = http.client.HTTPConnection(target.netloc, timeout=10)
            path = target._replace(scheme="", netloc="").geturl()
            onward.request(self.command, path, body, edited | {"Accept-Encoding": "identity"})
            answer = onward.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name in ("Content-Type", "Date"):
                self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            onward.close()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as port:
        yield SimpleNamespace(url=f"http://127.0.0.1:{port}", seen=seen)


@contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Run a server and give its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("excepted", [False, True], ids=["HTTP_PROXY", "NO_PROXY"])
def test_a_proxy_in_the_environment_is_used_unless_excepted(emulator, tap, excepted):
    emulator.add("list", [{"id": 1}])
    env = dict.fromkeys([*PROXIES, *map(str.lower, PROXIES)], "")
    with proxy() as between:
        env |= {"HTTP_PROXY": between.url, "http_proxy": between.url}
        if excepted:
            env |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

        run = tap.run(emulator.config, state=CHECKED, env=env)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1]
    assert len(between.seen) == (0 if excepted else 17)
    assert all(target.startswith(emulator.url) for target in between.seen)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for 127.0.0.1 that no machine knows, and a server's use of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle, private = folder / "bundle.pem", folder / "key.pem"
    bundle.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, private)
    return bundle, context


def test_requests_ca_bundle_decides_whom_to_trust(tmp_path, monkeypatch):
    for name in [*PROXIES, *map(str.lower, PROXIES), "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]:
        monkeypatch.delenv(name, raising=False)
    bundle, context = certificate(tmp_path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler, context) as port:
        url = f"https://127.0.0.1:{port}"

        def send():
            return Transport(origins={url}, read_timeout=5, user_agent="test").send("GET", url)

        with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE"):
            send()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))

        assert send().status == 204
