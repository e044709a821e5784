"""A host name that does not exist is a wrong setting; any other failure to connect is an outage.

The message names what failed: the name, the connection, TLS, or the proxy on the way.
"""

from __future__ import annotations

import socket
import threading
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.test_settings import certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("queries_only", "waits")

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
CLOSED = "http://127.0.0.1:9"
"""The discard port, where nobody listens."""
NOBODY = "https://acme-typo.my.salesforce.example"


@pytest.fixture(autouse=True)
def _unproxied(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def dns(monkeypatch):
    """A name server: ``errors`` by host name, as a code or a list of them; ``asked`` names."""
    found = SimpleNamespace(errors={}, asked=[])
    original: Callable[..., Any] = socket.getaddrinfo

    def getaddrinfo(host, *args, **named):
        name = host.decode() if isinstance(host, bytes) else host
        if name == "127.0.0.1":
            return original(host, *args, **named)
        found.asked.append(name)
        code = found.errors.get(name, socket.EAI_NONAME)
        if isinstance(code, list):
            code = code.pop(0) if len(code) > 1 else code[0]
        if code is None:
            return original("127.0.0.1", *args[:1], **named)
        raise socket.gaierror(code, "from the name server")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return found


def is_setting(run, *words):
    assert run.exit_code == 1, run.stderr
    assert not {"SCHEMA", "RECORD"} & {message["type"] for message in run.messages}
    for word in words:
        assert word in run.last_line
    assert "Traceback" not in run.stderr


def is_outage(run, waits, *words):
    assert run.exit_code == 2, run.stderr
    assert 500 <= sum(waits) <= 700
    for word in words:
        assert word in run.last_line


# --- names ---


@pytest.mark.parametrize("setting", ["login_url", "api_url", "pardot_api_url"])
@pytest.mark.parametrize("url", [NOBODY, "https://login.salesforce.co.example:8443/", "https://pi"])
def test_a_host_that_does_not_exist_is_a_wrong_setting(  # noqa: PLR0913, PLR0917
    emulator, tap, waits, dns, setting, url
):
    config = {name: value for name, value in emulator.config.items() if name != "api_url"}
    if setting == "login_url":
        config["api_url"] = emulator.url

    done = tap.run(config | {setting: url})

    name = setting.removeprefix("pardot_")
    is_setting(done, "does not exist (DNS)", f"correct {name}.")
    assert dns.asked == [url.split("/")[2].split(":")[0]] * 2
    assert len(waits) == 1
    assert waits[0] < 2
    assert len(emulator.logins) == (0 if setting == "login_url" else 1)


@pytest.mark.parametrize("arguments", [(), ("--discover",), ("--test",)], ids=str)
def test_a_host_that_does_not_exist_is_a_wrong_setting_for_every_command(emulator, tap, arguments):
    done = tap.run(emulator.config | {"api_url": "https://pi.pardot.invalid"}, *arguments)

    assert done.exit_code == 1
    assert done.last_line.endswith(
        "The host name pi.pardot.invalid does not exist (DNS): correct api_url."
    )


def test_both_settings_are_named_where_both_are_the_same(emulator, tap, dns):
    done = tap.run(emulator.config | {"api_url": NOBODY, "login_url": NOBODY})

    is_setting(done, "correct login_url and api_url.")
    assert len(dns.asked) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://pi..pardot.com",
        "https://.pardot.com",
        f"https://{'a' * 64}.com",
        "https://*.pardot.com",
        "https://pi pardot.com",
        "https://pi.pardot.com%20",
    ],
)
@pytest.mark.parametrize("setting", ["login_url", "api_url"])
@pytest.mark.usefixtures("dns")
def test_a_name_that_no_host_can_have_is_a_wrong_setting(emulator, tap, setting, url):
    done = tap.run(emulator.config | {setting: url})

    is_setting(done, f"correct {setting}.")
    assert emulator.calls == []


@pytest.mark.parametrize("setting", ["login_url", "api_url"])
@pytest.mark.parametrize(
    "code", [socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_MEMORY, socket.EAI_SYSTEM]
)
def test_a_name_server_that_does_not_answer_is_an_outage(  # noqa: PLR0913, PLR0917
    emulator, tap, waits, dns, setting, code
):
    dns.errors["acme.example"] = code

    done = tap.run(emulator.config | {setting: "https://acme.example"})

    is_outage(done, waits, "The host name acme.example could not be looked up (DNS)", setting)


@pytest.mark.parametrize(
    "codes",
    [
        [socket.EAI_NONAME, None],
        [socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_NONAME, None],
        [None, socket.EAI_NONAME],
    ],
)
def test_a_name_that_is_found_now_and_then_is_an_outage(emulator, tap, waits, dns, codes):
    dns.errors["acme.example"] = codes  # where it is found, nobody listens

    is_outage(
        tap.run(emulator.config | {"api_url": "https://acme.example:9"}), waits, "acme.example"
    )


@pytest.mark.parametrize("sandbox_hosts", [{}, {"is_sandbox": True}])
@pytest.mark.parametrize("setting", ["login_url", "api_url"])
@pytest.mark.parametrize("spelt_out", [False, True])
def test_a_default_host_that_is_not_found_is_an_outage(  # noqa: PLR0913, PLR0917
    emulator, tap, waits, dns, sandbox_hosts, setting, spelt_out
):
    hosts = {
        "login_url": "test.salesforce.com" if sandbox_hosts else "login.salesforce.com",
        "api_url": "pi.demo.pardot.com" if sandbox_hosts else "pi.pardot.com",
    }
    config = {**emulator.config, **sandbox_hosts}
    del config[setting]
    if spelt_out:
        config[setting] = f"https://{hosts[setting]}/"

    is_outage(tap.run(config), waits, f"The host name {hosts[setting]} does not exist (DNS)")
    assert len(dns.asked) > 5


def test_a_host_that_was_reached_before_is_an_outage(emulator, tap, waits, dns):
    emulator.add("list", [{"id": 1}])
    # The name is looked up again, because the connection is lost.
    emulator.fault(object="list", reset=True)
    dns.errors["localhost"] = [None, socket.EAI_NONAME]

    done = tap.run(emulator.config | {"api_url": emulator.url.replace("127.0.0.1", "localhost")})

    is_outage(done, waits, "The host name localhost does not exist (DNS)")


@pytest.mark.parametrize("proxy", ["http://no-proxy.example:3128", "http://me:hunter2@127.0.0.1:9"])
@pytest.mark.parametrize("setting", ["login_url", "api_url"])
def test_what_fails_on_the_way_through_a_proxy_is_not_blamed_on_the_setting(  # noqa: PLR0913, PLR0917
    emulator, tap, waits, dns, monkeypatch, proxy, setting
):
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    done = tap.run(emulator.config | {setting: NOBODY})

    is_outage(done, waits, "The proxy on the way to acme-typo.my.salesforce.example cannot be used")
    assert "correct" not in done.last_line
    assert "hunter2" not in done.stderr
    assert "acme-typo.my.salesforce.example" not in dns.asked


# --- connections ---


@contextmanager
def at_the_door(say: Callable[[socket.socket], None]) -> Iterator[str]:
    """Run a host that does something to each connection; yield its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                say(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with closing(server):
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize("setting", ["login_url", "api_url"])
def test_a_refused_connection_is_reported_as_one(emulator, tap, waits, setting):
    done = tap.run(emulator.config | {setting: CLOSED})

    is_outage(done, waits, "127.0.0.1 refused the connection.", f"check {setting}")


@pytest.mark.parametrize("setting", ["login_url", "api_url"])
def test_a_server_without_tls_is_reported_as_a_tls_failure(emulator, tap, waits, setting):
    with at_the_door(lambda connection: connection.sendall(b"220 mail.example\r\n")) as port:
        done = tap.run(emulator.config | {setting: f"https://127.0.0.1:{port}"})

    is_outage(done, waits, "The connection to 127.0.0.1 failed (TLS).", f"check {setting}")


@pytest.mark.parametrize("setting", ["login_url", "api_url"])
def test_an_untrusted_certificate_ends_the_run_at_once(emulator, tap, waits, tmp_path, setting):
    _, context = certificate(tmp_path)

    def say(connection):
        with pytest.raises(OSError):  # noqa: PT011
            context.wrap_socket(connection, server_side=True)

    with at_the_door(say) as port:
        done = tap.run(emulator.config | {setting: f"https://127.0.0.1:{port}"})

    is_setting(done, "The certificate of 127.0.0.1 cannot be verified", "REQUESTS_CA_BUNDLE")
    assert waits == []


@pytest.mark.parametrize(
    "content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nx\n"]
)
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_cannot_be_loaded_end_at_once(  # noqa: PLR0913, PLR0917
    emulator, tap, waits, tmp_path, monkeypatch, content, variable
):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv(variable, str(bundle))

    with at_the_door(lambda connection: connection.recv(65536)) as port:
        done = tap.run(emulator.config | {"api_url": f"https://127.0.0.1:{port}"})

    is_setting(done, "The certificates to trust cannot be loaded: correct REQUESTS_CA_BUNDLE")
    assert waits == []


@pytest.mark.parametrize("setting", ["login_url", "api_url"])
def test_a_connection_closed_without_an_answer_is_reported(emulator, tap, waits, setting):
    with at_the_door(lambda connection: connection.recv(65536)) as port:
        done = tap.run(emulator.config | {setting: f"http://127.0.0.1:{port}"})

    is_outage(
        done, waits, "The connection to 127.0.0.1 failed (RemoteDisconnected).", f"check {setting}"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ALL_PROXY", "gopher://127.0.0.1:9"), ("HTTP_PROXY", "http://")],
)
def test_a_proxy_that_makes_no_sense_is_named(emulator, tap, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)

    done = tap.run(emulator.config)

    is_setting(done, "proxy", variable)
