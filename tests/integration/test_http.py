"""Bytes from a stranger: bounded in time and size, asked again politely, no token to others."""

from __future__ import annotations

import gzip
import io
import re
import socket
import threading
import time
import zlib
from contextlib import closing, contextmanager, suppress

import pytest
from requests.auth import AuthBase

from tap_pardot.api import http
from tap_pardot.api.http import Transport, origin
from tap_pardot.errors import Retriable, StreamFailed
from tests.integration.test_settings import certificate


class Token(AuthBase):
    def __call__(self, request):
        request.headers["Authorization"] = "Bearer secret"
        request.headers["Pardot-Business-Unit-Id"] = "0Uv"
        return request


@contextmanager
def serving(*answers, context=None, kept_alive=False):
    """A server that says these bytes, one connection each; yields its URL and what it was sent.

    An answer is a list: bytes are sent, a number is a pause in seconds. With ``kept_alive`` all
    answers go over one connection.
    """
    sent = []
    server = socket.create_server(("127.0.0.1", 0))

    def run():
        for together in [answers] if kept_alive else [[parts] for parts in answers]:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with suppress(OSError), connection:
                if context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
                with connection:
                    say(connection, together)

    def say(connection, together):
        for parts in together:
            sent.append(request_on(connection))
            for part in parts:
                if isinstance(part, bytes):
                    connection.sendall(part)
                else:
                    time.sleep(part)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    with closing(server):
        yield f"http{'s' if context else ''}://127.0.0.1:{server.getsockname()[1]}", sent
        server.shutdown(socket.SHUT_RDWR)  # wakes whoever still waits for a connection
        thread.join(5)


def request_on(connection):
    """Read one request, whose body may come after its headers."""
    text = connection.recv(65536).decode()
    length = re.search(r"Content-Length: (\d+)", text)
    while length and len(text.partition("\r\n\r\n")[2]) < int(length[1]):
        text += connection.recv(65536).decode()
    return text


def head(status=b"200 OK", length=None, **headers):
    lines = [b"HTTP/1.1 " + status, b"Connection: close"]
    if length is not None:
        lines.append(b"Content-Length: %d" % length)
    lines += [f"{name.replace('_', '-')}: {value}".encode() for name, value in headers.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def transport_to(url, read_timeout=5.0):
    return Transport(origins={url}, read_timeout=read_timeout, user_agent="tests/1")


def get(url, **options):
    return transport_to(url, options.pop("read_timeout", 5.0)).send("GET", url, **options)


# --- whom a token may reach ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://pi.pardot.com/api/x", True),
        ("https://PI.Pardot.com", True),
        ("https://pi.demo.pardot.com", True),
        ("https://pardot.com", True),
        ("https://acme.my.salesforce.com/services", True),
        ("https://pi.pardot.com:8443/", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://127.0.0.1:8081/x", False),
        ("https://127.0.0.1:8080/x", False),
        ("http://pi.pardot.com/api/x", False),
        ("https://evilpardot.com", False),
        ("https://pi.pardot.com.evil.example", False),
        ("https://pi.pardot.com@evil.example/", False),
        ("https://evil.example/pi.pardot.com", False),
        ("https://evil.example?.pardot.com", False),
        ("ftp://pi.pardot.com", False),
        ("https://", False),
        ("", False),
        # To requests these are other hosts than to Python's own parser.
        (r"https://evil.example\.pardot.com/", False),
        (r"https://evil.example\@pi.pardot.com/", False),
        ("https://ada@pi.pardot.com/", False),
        ("https://evil.example%2f.pardot.com/", False),
        ("https://pardot.com.evil.example/", False),
        ("https://pi.pardot.com:443x/", False),
    ],
)
def test_a_token_goes_to_known_hosts_only(url, trusted):
    assert transport_to("http://127.0.0.1:8080").trusts(url) is trusted


def test_an_origin_is_scheme_host_and_port():
    assert origin("HTTPS://Pi.Pardot.com:443/a?b#c") == "https://pi.pardot.com:443"


def test_no_token_and_no_password_from_netrc_go_to_a_stranger(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving([head(length=2), b"{}"]) as (url, sent):
        stranger = Transport(origins=set(), read_timeout=5, user_agent="tests/1")
        stranger.send("GET", url, auth=Token())

    assert "authorization" not in sent[0].lower()
    assert "secret" not in sent[0]
    assert "User-Agent: tests/1" in sent[0]


# --- one exchange --------------------------------------------------------------------------


def test_an_answer_is_read_to_its_end():
    with serving([head(b"400 Bad Request", 5, X_Test="y"), b"he", 0.05, b"llo"]) as (url, sent):
        answer = get(url, params={"a": "b c"}, auth=Token())

    assert (answer.status, answer.body, answer.headers["x-test"]) == (400, b"hello", "y")
    assert sent[0].startswith("GET /?a=b+c HTTP/1.1")
    assert "Authorization: Bearer secret" in sent[0]


def test_a_form_is_posted():
    with serving([head(length=2), b"{}"]) as (url, sent):
        transport_to(url).send("POST", url, params={"format": "json"}, data={"ids": "1,2"})

    assert sent[0].startswith("POST /?format=json HTTP/1.1")
    assert sent[0].endswith("ids=1%2C2")


BIG = b'{"a": "' + b"x" * 300_000 + b'"}'


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("identity", BIG),
        ("gzip", gzip.compress(BIG)),
        ("deflate", zlib.compress(BIG)),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_arrives_whole_in_every_encoding(encoding, body, chunked):
    if chunked:
        pieces = [body[at : at + 1000] for at in range(0, len(body), 1000)]
        wire = [b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"]
        start = head(Transfer_Encoding="chunked", Content_Encoding=encoding)
    else:
        wire = [body[:1000], 0.02, body[1000:]]
        start = head(length=len(body), Content_Encoding=encoding)
    with serving([start, *wire]) as (url, _):
        assert get(url).body == BIG


@pytest.mark.parametrize(
    "parts",
    [
        [head(length=100), b"half of i"],
        [head(length=100)],
        [head(Transfer_Encoding="chunked"), b"64\r\nhalf of i"],
        [head(Transfer_Encoding="chunked"), b"5\r\nwhole\r\n"],
        [head(Transfer_Encoding="chunked"), b"zz\r\nwhole\r\n"],
        [head(length=20, Content_Encoding="gzip"), b"this is no gzip stream"[:20]],
        [],
        [b"no HTTP at all\r\n\r\n"],
    ],
)
def test_a_cut_or_garbled_answer_is_asked_for_again(parts):
    with serving(parts) as (url, _), pytest.raises(Retriable) as caught:
        get(url, params={"email": "ada@example.com"})

    assert "ada" not in str(caught.value)
    assert "127.0.0.1" in caught.value.message
    assert caught.value.may_be_done


def test_a_refused_connection_is_retried():
    with serving() as (url, _):
        pass
    with pytest.raises(Retriable) as caught:
        get(url)
    assert caught.value.message == "127.0.0.1 refused the connection."
    assert not caught.value.may_be_done


@pytest.mark.parametrize("parts", [[1.0], [head(length=9), b"half", 1.0]])
def test_a_server_that_falls_silent_is_asked_again(parts):
    started = time.monotonic()
    with serving(parts) as (url, _):
        with pytest.raises(Retriable) as caught:
            get(url, read_timeout=0.2)
        took = time.monotonic() - started

    assert took < 3
    assert caught.value.message == "127.0.0.1 did not answer in time."
    assert caught.value.may_be_done


@pytest.mark.parametrize(
    "parts",
    [
        [head(length=1000), *([b"x", 0.03] * 200)],
        [head(Transfer_Encoding="chunked"), b"3e8\r\n", *([b"x", 0.03] * 200)],
        [head(Transfer_Encoding="chunked"), *([b"1\r\nx\r\n", 0.03] * 200)],
    ],
)
def test_a_trickle_of_bytes_ends_at_twenty_read_timeouts(parts):
    started = time.monotonic()
    with serving(parts) as (url, _):
        with pytest.raises(Retriable) as caught:
            get(url, read_timeout=0.2)
        took = time.monotonic() - started

    assert 3.8 < took < 8
    assert caught.value.message == "An answer came too slowly to be finished."


def trickle(text, pause=0.03):
    return [part for byte in text * 60 for part in (bytes([byte]), pause)][:120]


START = b"HTTP/1.1 200 OK\r\n"
CHUNKED = head(Transfer_Encoding="chunked")
TRICKLES = {
    "a status": trickle(b"HTTP/1.1 200 Fine and"),
    "a header": [START, *trickle(b"X-A: b")],
    "headers": [START, *trickle(b"A: b\r\n")],
    "answers before the answer": trickle(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the size of a chunk": [CHUNKED, b"1;a=", *trickle(b"x")],
    "trailers": [CHUNKED, b"1\r\nx\r\n0\r\n", *trickle(b"A: b\r\n")],
}


@pytest.fixture
def unproxied(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("way", "what"),
    [
        *(("plain", what) for what in TRICKLES),
        *((way, "headers") for way in ("TLS", "file", "proxy")),
        *((way, "trailers") for way in ("TLS", "file")),
    ],
)
@pytest.mark.usefixtures("unproxied")
def test_what_is_around_a_body_may_not_trickle_either(way, what, tmp_path, monkeypatch):
    monkeypatch.setattr(http, "_MAX_READ_TIMEOUTS", 3)
    context, options = None, {}
    if way == "TLS":
        bundle, context = certificate(tmp_path)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    if way == "file":
        options["file"] = io.BytesIO()
    with serving(TRICKLES[what], context=context) as (url, _):
        if way == "proxy":
            monkeypatch.setenv("http_proxy", url)
        started = time.monotonic()
        with pytest.raises(Retriable) as caught:
            get("http://pardot.example" if way == "proxy" else url, read_timeout=0.3, **options)
        took = time.monotonic() - started

    assert 0.8 < took < 4
    assert caught.value.message == "An answer came too slowly to be finished."
    assert caught.value.timed_out


def test_a_connection_that_is_used_again_has_its_whole_time_again(monkeypatch):
    monkeypatch.setattr(http, "_MAX_READ_TIMEOUTS", 2)
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    late = [part for byte in good for part in (bytes([byte]), 0.8 / len(good))]
    with serving(late, [0.4, good], TRICKLES["headers"], kept_alive=True) as (url, sent):
        one = transport_to(url, 0.5)
        assert one.send("GET", url).body == b"{}"
        # Less than the read timeout, more than what was left of the answer before.
        assert one.send("GET", url).body == b"{}"
        with pytest.raises(Retriable, match="too slowly"):
            one.send("GET", url)

    assert len(sent) == 3


def test_the_deadline_is_that_of_all_redirects_together(monkeypatch):
    monkeypatch.setattr(http, "_MAX_READ_TIMEOUTS", 2)
    moved = head(b"302 Found", 0, Location="/again")
    late = [part for byte in moved for part in (bytes([byte]), 0.3 / len(moved))]
    started = time.monotonic()
    with serving(*[late] * 9) as (url, _):
        with pytest.raises(Retriable, match="too slowly"):
            get(url, read_timeout=0.4)
        took = time.monotonic() - started

    assert 0.7 < took < 3


def test_a_file_may_take_longer_than_an_answer_as_long_as_it_comes(monkeypatch):
    monkeypatch.setattr(http, "_MAX_READ_TIMEOUTS", 1)
    file = io.BytesIO()
    with serving([head(length=8), *([b"x", 0.1] * 8)]) as (url, _):
        assert get(url, read_timeout=0.4, file=file).body == b""

    assert file.getvalue() == b"x" * 8


def test_requests_at_once_have_each_their_own_deadline(monkeypatch):
    monkeypatch.setattr(http, "_MAX_READ_TIMEOUTS", 2)
    found = []

    def ask(url):
        with pytest.raises(Retriable) as caught:
            one.send("GET", url)
        found.append((caught.value.message, time.monotonic() - started))

    with serving(TRICKLES["headers"]) as (first, _), serving(TRICKLES["headers"]) as (second, _):
        one = Transport(origins=set(), read_timeout=0.3, user_agent="tests/1")
        threads = [threading.Thread(target=ask, args=(url,)) for url in (first, second)]
        started = time.monotonic()
        threads[0].start()
        time.sleep(0.4)
        threads[1].start()
        for thread in threads:
            thread.join(5)

    assert {say for say, _ in found} == {"An answer came too slowly to be finished."}
    assert 0.55 < found[0][1] < 0.9 < found[1][1] < 1.4


@pytest.mark.parametrize("compressed", [False, True])
def test_an_answer_larger_than_any_page_is_refused(monkeypatch, compressed):
    monkeypatch.setattr(http, "MAX_ANSWER_SIZE", 500_000)
    body = b"\0" * 5_000_000
    options = {}
    if compressed:
        body, options = gzip.compress(body), {"Content_Encoding": "gzip"}
    with (
        serving([head(length=len(body), **options), body]) as (url, _),
        pytest.raises(StreamFailed) as caught,
    ):
        get(url)

    assert "64 MiB" in caught.value.message


# --- redirects -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [b"301 x", b"302 x", b"303 x", b"307 x", b"308 x"])
def test_a_redirected_get_is_followed_with_our_headers_on_the_same_origin(status):
    moved = [head(status, 0, Location="/there?x=1")]
    with serving(moved, [head(length=2), b"{}"]) as (url, sent):
        assert get(url, params={"a": "b"}, auth=Token()).body == b"{}"

    assert sent[1].startswith("GET /there?x=1 HTTP/1.1")
    assert "Authorization: Bearer secret" in sent[1]


def test_a_redirect_to_another_host_goes_without_our_headers():
    with serving([head(length=2), b"{}"]) as (other, seen):
        moved = [head(b"302 Found", 0, Location=other + "/there")]
        with serving(moved) as (url, _):
            both = Transport(origins={url, other}, read_timeout=5, user_agent="tests/1")
            assert both.send("GET", url, auth=Token()).body == b"{}"

    assert "authorization" not in seen[0].lower()
    assert "business-unit" not in seen[0].lower()


STRANGERS = [
    "{other}/there",
    "//{host}/there",
    "http://pi.pardot.com/api",
    "https://pardot.com.evil.example/",
    "https://evilpardot.com/",
    r"https://evil.example\.pardot.com/",
    r"https://evil.example\@pi.pardot.com/",
    "https://pi.pardot.com@127.0.0.1/",
    "ftp://pi.pardot.com/",
]


@pytest.mark.parametrize("target", STRANGERS)
@pytest.mark.parametrize("hops", [0, 1, 3])
def test_only_a_file_is_asked_of_a_host_that_is_not_trusted(target, hops):
    with serving([head(length=2), b"{}"]) as (other, seen):
        host = other.removeprefix("http://")
        leaves = head(b"302 Found", 0, Location=target.format(other=other, host=host))
        moved = [[head(b"307 x", 0, Location="/on")]] * hops
        with serving(*moved, [leaves]) as (url, sent):
            with pytest.raises(StreamFailed) as caught:
                get(url, auth=Token())
            assert len(sent) == hops + 1

    assert seen == []
    assert "127.0.0.1 redirects this request elsewhere: check api_url" in caught.value.message


def test_a_file_comes_from_any_host_without_our_headers_and_they_stay_off():
    file = io.BytesIO()
    with serving([head(length=4), b"id\n1"]) as (url, sent):
        back = [head(b"302 Found", 0, Location=url + "/file")]
        with serving(back) as (other, seen):
            away = [head(b"302 Found", 0, Location=other + "/x")]
            with serving(away) as (first, asked):
                both = Transport(origins={first, url}, read_timeout=5, user_agent="tests/1")
                both.send("GET", first, auth=Token(), file=file)

    assert file.getvalue() == b"id\n1"
    assert "Authorization: Bearer secret" in asked[0]
    assert "secret" not in seen[0] + sent[0]
    assert "Business-Unit" not in seen[0] + sent[0]


def test_a_redirected_post_is_never_followed():
    moved = [head(b"307 Temporary Redirect", 0, Location="/there")]
    with serving(moved, [head(length=2), b"{}"]) as (url, sent), pytest.raises(StreamFailed):
        transport_to(url).send("POST", url, data={"refresh_token": "secret"})

    assert len(sent) == 1


def test_a_circle_of_redirects_ends():
    moved = [head(b"302 Found", 0, Location="/again")]
    with serving(*[moved] * 9) as (url, sent), pytest.raises(StreamFailed) as caught:
        get(url)

    assert len(sent) == 5
    assert "redirects this request elsewhere" in caught.value.message


@pytest.mark.parametrize("target", ["http://[", "\udcff", "http://127.0.0.1:x/"])
def test_a_redirect_to_no_address_fails_the_stream_or_is_asked_again(target):
    location = b"Location: " + target.encode("utf-8", "surrogateescape")
    answer = head(b"302 Found", 0).replace(
        b"Connection: close", b"Connection: close\r\n" + location
    )
    with serving([answer]) as (url, _), pytest.raises((StreamFailed, Retriable)):
        get(url)


def test_a_redirect_without_a_target_is_an_answer():
    with serving([head(b"302 Found", 2), b"{}"]) as (url, _):
        assert get(url).status == 302
