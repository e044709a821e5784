"""One HTTP exchange: bounded in time and size, to known hosts only; and how it is retried.

Knows nothing of Pardot: bytes out, bytes in. A token leaves this module only through the
``auth`` of a request, and only to an origin that :meth:`Transport.trusts`.
"""

from __future__ import annotations

import http.client
import io
import logging
import re
import threading
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple
from urllib.parse import urljoin, urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from tap_pardot.api.connection_errors import failure_of, is_of_dns
from tap_pardot.errors import Retriable, StreamFailed, TapPardotError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    from requests.auth import AuthBase

    T = TypeVar("T")

logger = logging.getLogger("tap-pardot")
# At debug level it writes whole addresses, and that of a redirect may hold a signature.
logging.getLogger("urllib3").setLevel(logging.INFO)

CONNECT_TIMEOUT = 10
"""Seconds."""
LARGEST_PAGE = 64 * 2**20
"""Bytes of one answer after decompression; a page of 200 rows is some 100 KB."""
LARGEST_FILE = 8 * 2**30
"""Bytes of one file of an export after decompression."""
SLOWEST_DOWNLOAD = 1024
"""Bytes a second, on the average, below which a download counts as hanging."""
_SLOW_AFTER = 60
# Of a whole origin: a backslash or a user name in it would mean another host to requests.
_TRUSTED = re.compile(r"https://([a-z0-9-]+\.)*(pardot|salesforce)\.com(:[0-9]+)?")
_MOST_REDIRECTS = 5
_LONGEST_ANSWER = 20  # read timeouts
_TRICKLED = "An answer came too slowly to be finished."
_REDIRECTS = {301, 302, 303, 307, 308}


class Response(NamedTuple):
    """One HTTP answer, read to the end; ``url`` is where it came from, behind any redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str = ""


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, in lower case."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


class Transport:
    """One ``requests.Session`` for the whole run.

    Args:
        origins: Origins (setting ``api_url``) that are trusted besides those of Pardot and
            Salesforce.
        read_timeout: Seconds without a byte before a request counts as hanging. One answer as
            a whole may take 20 times that.
        user_agent: The ``User-Agent`` header.
        settings: By origin, the setting by which the user has named it.

    Proxies, ``NO_PROXY`` and ``REQUESTS_CA_BUNDLE`` are taken from the environment by
    requests itself.
    """

    def __init__(
        self,
        *,
        origins: set[str],
        read_timeout: float,
        user_agent: str,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._origins = {origin(url) for url in origins}
        self._settings = settings
        self._found: set[str] = set()
        """Hosts that exist."""
        self._read_timeout = read_timeout
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, _Adapter())
        self.session.headers["User-Agent"] = user_agent

    def trusts(self, url: str) -> bool:
        """Whether a token may go to this URL, and rows may come from it."""
        of = origin(url)
        return of in self._origins or _TRUSTED.fullmatch(of) is not None

    def send(  # noqa: PLR0913
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        json: Any = None,
        auth: AuthBase | None = None,
        file: BinaryIO | None = None,
    ) -> Response:
        """Send one request and read its answer to the end; into a file, where one is given.

        A redirected GET is followed, without our headers to another origin: to hosts that are
        trusted, and for a file to any. A POST never is.

        Raises:
            Retriable: The connection failed, hung, or the answer was cut.
            StreamFailed: The answer is larger than any page of Pardot's, or a redirect is not
                followed.
            ConfigurationError: The host cannot exist, or its certificate cannot be verified.
        """
        longest = _LONGEST_ANSWER * self._read_timeout
        _exchange.deadline = time.monotonic() + longest
        try:
            for _ in range(_MOST_REDIRECTS):
                answer = self._exchange_once(
                    method, url, longest, file, params=params, data=data, json=json, auth=auth
                )
                if isinstance(answer, Response):
                    return answer
                if method != "GET" or (file is None and not self.trusts(answer)):
                    break
                if origin(answer) != origin(url):
                    auth = None
                url, params = answer, None
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
        ) as error:
            raise self._failure(error, url) from error
        except ValueError:
            pass  # the target of a redirect is no address
        raise StreamFailed(
            f"{_host(url)} redirects this request elsewhere: check api_url and "
            "login_url, and that no proxy asks for a sign-in."
        )

    def _exchange_once(
        self,
        method: str,
        url: str,
        longest: float,
        file: BinaryIO | None,
        *,
        auth: AuthBase | None,
        **sent: Any,
    ) -> Response | str:
        """Return the answer to one request, or the address that it redirects to."""
        with self.session.request(
            method,
            url,
            # Never None: requests would look for a password in ~/.netrc.
            auth=auth if self.trusts(url) and auth is not None else _no_auth,
            timeout=(CONNECT_TIMEOUT, self._read_timeout),
            allow_redirects=False,
            stream=True,
            **sent,
        ) as response:
            self._found.add(_host(url))
            target = response.headers.get("Location")
            if response.status_code in _REDIRECTS and target is not None:
                return urljoin(response.url, target)
            body = _read(response, file, longest)
            return Response(response.status_code, response.headers, body, url)

    def _failure(self, error: Exception, url: str) -> TapPardotError:
        host = _host(url)
        may_be_wrong = host not in self._found and not is_proxied(url)
        failure = failure_of(error, host, self._settings.get(origin(url)) if may_be_wrong else None)
        if not is_of_dns(error):
            self._found.add(host)
        timed_out = isinstance(failure, Retriable) and failure.timed_out
        if timed_out and time.monotonic() >= _exchange.deadline:
            return Retriable(_TRICKLED, timed_out=True, may_be_done=True)
        return failure


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def is_proxied(url: str) -> bool:
    """Whether the environment names a proxy on the way to this URL."""
    proxies = requests.utils.get_environ_proxies(url)
    return requests.utils.select_proxy(url, proxies) is not None


# When what this thread has asked for must be there: its ``deadline``, of the monotonic clock.
_exchange = threading.local()


class _Adapter(HTTPAdapter):
    """Connections, also those through proxies, whose answers end at the deadline."""

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        _end_answers(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **named)
        if not known:
            _end_answers(manager)
        return manager


def _end_answers(manager: Any) -> None:
    # Derived from what is there, which is other classes for a SOCKS proxy.
    classes = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        connection = type("Connection", (pool.ConnectionCls,), {"response_class": _Ending})
        classes[scheme] = type("Pool", (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = classes


class _Ending(http.client.HTTPResponse):
    """An answer whose status, headers, body and trailers come before the deadline or not at all.

    Each byte renews a socket's own timeout, so a trickle of them would never end.
    """

    def __init__(self, sock: Any, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self.fp = io.BufferedReader(_Wire(sock, self.fp.detach()))


class _Wire(io.RawIOBase):
    def __init__(self, sock: Any, raw: Any) -> None:
        self._sock = sock
        self._raw = raw
        self._timeout = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _exchange.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        wait = min(self._timeout, left)
        if wait != self._sock.gettimeout():
            self._sock.settimeout(wait)
        return self._raw.readinto(buffer)  # type: ignore[no-any-return]

    def close(self) -> None:
        self._raw.close()
        super().close()


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read(response: requests.Response, file: BinaryIO | None, longest: float) -> bytes:
    """Return a body; a good answer's goes into the file, where one is given, instead."""
    if file is not None and response.ok:
        _save(response, file, longest)
        return b""
    chunks: list[bytes] = []
    size = 0
    while chunk := response.raw.read1(65536, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_PAGE:
            raise StreamFailed(
                "An answer was larger than 64 MiB and was refused: check api_url, this is not "
                "a page of Pardot's."
            )
        # Also what has arrived already and takes long to unpack.
        if time.monotonic() > _exchange.deadline:
            raise Retriable(_TRICKLED, timed_out=True, may_be_done=True)
    return b"".join(chunks)


def _save(response: requests.Response, file: BinaryIO, longest: float) -> None:
    """Write a body to a file; it may take as long as it keeps above 1 KiB a second.

    Only what comes between two pieces (the size of a chunk, trailers) has a deadline.
    """
    started = time.monotonic()
    size = 0
    while chunk := response.raw.read1(2**20, decode_content=True):
        size += len(chunk)
        if size > LARGEST_FILE:
            raise StreamFailed("A file of an export is larger than 8 GiB: set a later start_date.")
        try:
            view = memoryview(chunk)
            while view:  # the file has no buffer, which would fail again when it is closed
                view = view[file.write(view) :]
        except OSError as error:
            raise no_room(error) from error
        elapsed = time.monotonic() - started
        if elapsed > _SLOW_AFTER and size < SLOWEST_DOWNLOAD * elapsed:
            raise Retriable("A file of an export came too slowly to be finished.")
        _exchange.deadline = time.monotonic() + longest


def no_room(error: Exception) -> StreamFailed:
    """Return what to raise when the disk takes no more."""
    why = error.strerror if isinstance(error, OSError) else type(error).__name__
    return StreamFailed(
        f"A file of an export could not be saved ({why}): make room in the folder for temporary "
        "files (TMPDIR) and run again, nothing is lost."
    )
