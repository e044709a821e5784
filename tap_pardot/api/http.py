"""Sends one HTTP request and reads its answer, bounded in time and in size.

Knows nothing of Pardot's API: bytes out, bytes in. A token leaves this module only through the
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
# At debug level it logs whole URLs, and the URL of a redirect may hold a signature.
logging.getLogger("urllib3").setLevel(logging.INFO)

CONNECT_TIMEOUT = 10
"""Seconds."""
_CHUNK = 65536  # bytes; threads that read larger pieces leave their heaps in fragments
MAX_ANSWER_SIZE = 64 * 2**20
"""Bytes of one answer after decompression; a page of 200 rows is some 100 KB."""
MAX_FILE_SIZE = 8 * 2**30
"""Bytes of one file of an export after decompression."""
MIN_DOWNLOAD_RATE = 1024
"""Bytes a second on average. A download below that counts as hanging."""
_RATE_CHECKED_AFTER = 60  # seconds
# It must match a whole origin: to requests, a backslash or a user name would mean another host.
_TRUSTED = re.compile(r"https://([a-z0-9-]+\.)*(pardot|salesforce)\.com(:[0-9]+)?")
_MAX_REDIRECTS = 5
_MAX_READ_TIMEOUTS = 20  # the time for one answer as a whole, in read timeouts
_TOO_SLOW = "An answer came too slowly to be finished."
_REDIRECTS = {301, 302, 303, 307, 308}


class Response(NamedTuple):
    """One HTTP answer, read to the end; ``url`` is the one it came from, after redirects."""

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
        origins: Further origins to trust (setting ``api_url``), besides those of Pardot and
            Salesforce.
        read_timeout: Seconds without a byte before a request counts as hanging. One answer as
            a whole may take 20 times that.
        user_agent: The ``User-Agent`` header.
        setting_by_origin: The setting that names an origin, for origins that the user has set.

    Proxies, ``NO_PROXY`` and ``REQUESTS_CA_BUNDLE`` are taken from the environment by
    requests, once for each origin.
    """

    def __init__(
        self,
        *,
        origins: set[str],
        read_timeout: float,
        user_agent: str,
        setting_by_origin: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._origins = {origin(url) for url in origins}
        self._setting_by_origin = setting_by_origin
        self._existing_hosts: set[str] = set()
        """Hosts whose name was found."""
        self._read_timeout = read_timeout
        self._settings: dict[str, Mapping[str, Any]] = {}
        """By origin: proxies and certificates, as the environment sets them."""
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, _DeadlineAdapter())
        self.session.headers["User-Agent"] = user_agent

    def trusts(self, url: str) -> bool:
        """Return whether the tap may send a token to this URL and take rows from it."""
        target = origin(url)
        return target in self._origins or _TRUSTED.fullmatch(target) is not None

    def send(  # noqa: PLR0913
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: AuthBase | None = None,
        file: BinaryIO | None = None,
    ) -> Response:
        """Send one request and return its answer.

        The body is read to the end. If a file is given, the body of a successful answer is saved
        in it. A redirected GET is followed to trusted hosts, and for a file to any host; another
        origin gets no ``auth`` headers. A redirected POST is not followed.

        Raises:
            Retriable: The connection failed or hung, or the answer was cut.
            StreamFailed: The answer is larger than any page of Pardot, or a redirect is not
                followed.
            ConfigurationError: The host cannot exist, or its certificate cannot be verified.
        """
        seconds = _MAX_READ_TIMEOUTS * self._read_timeout
        _this_thread.deadline = time.monotonic() + seconds
        try:
            for _ in range(_MAX_REDIRECTS):
                answer = self._exchange_once(
                    method,
                    url,
                    seconds,
                    file,
                    params=params,
                    data=data,
                    json=json,
                    headers=headers,
                    auth=auth,
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
            pass  # the target of a redirect is not a URL
        raise StreamFailed(
            f"{_host(url)} redirects this request elsewhere: check api_url and "
            "login_url, and that no proxy asks for a sign-in."
        )

    def _exchange_once(
        self,
        method: str,
        url: str,
        seconds: float,
        file: BinaryIO | None,
        *,
        auth: AuthBase | None,
        **sent: Any,
    ) -> Response | str:
        """Return the answer to one request, or the URL that it redirects to."""
        # Not None, because requests would then look for a password in ~/.netrc.
        allowed = auth if self.trusts(url) and auth is not None else _no_auth
        request = requests.Request(method, url, auth=allowed, **sent)
        with self.session.send(
            self.session.prepare_request(request),
            timeout=(CONNECT_TIMEOUT, self._read_timeout),
            allow_redirects=False,
            **self._settings_of(url),
        ) as response:
            self._existing_hosts.add(_host(url))
            target = response.headers.get("Location")
            if response.status_code in _REDIRECTS and target is not None:
                return urljoin(response.url, target)
            body = _read(response, file, seconds)
            return Response(response.status_code, response.headers, body, url)

    def _settings_of(self, url: str) -> Mapping[str, Any]:
        """Return the settings of the environment for a URL.

        The environment is read once for each origin: for each call it would cost as much as
        decoding the rows of a page.
        """
        target = origin(url)
        if target not in self._settings:
            self._settings[target] = self.session.merge_environment_settings(
                url, {}, stream=True, verify=None, cert=None
            )
        return self._settings[target]

    def _failure(self, error: Exception, url: str) -> TapPardotError:
        """Return the error to raise for a failed exchange."""
        host = _host(url)
        may_be_wrong = host not in self._existing_hosts and not is_proxied(url)
        setting = self._setting_by_origin.get(origin(url)) if may_be_wrong else None
        failure = failure_of(error, host, setting)
        if not is_of_dns(error):
            self._existing_hosts.add(host)
        timed_out = isinstance(failure, Retriable) and failure.timed_out
        if timed_out and time.monotonic() >= _this_thread.deadline:
            return Retriable(_TOO_SLOW, timed_out=True, may_be_done=True)
        return failure


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def is_proxied(url: str) -> bool:
    """Return whether the environment names a proxy for this URL."""
    proxies = requests.utils.get_environ_proxies(url)
    return requests.utils.select_proxy(url, proxies) is not None


# Its ``deadline`` (monotonic clock) is the time by which this thread's answer must be complete.
_this_thread = threading.local()


class _DeadlineAdapter(HTTPAdapter):
    """An adapter for requests whose answers time out at the deadline, also through proxies."""

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        _enforce_deadline(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **named)
        if not known:
            _enforce_deadline(manager)
        return manager


def _enforce_deadline(manager: Any) -> None:
    """Let the connections of a pool manager read answers by :class:`_DeadlineResponse`."""
    # Subclasses of the present classes: a SOCKS proxy has its own.
    classes = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        connection = type(
            "Connection", (pool.ConnectionCls,), {"response_class": _DeadlineResponse}
        )
        classes[scheme] = type("Pool", (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = classes


class _DeadlineResponse(http.client.HTTPResponse):
    """An answer that times out at the deadline: status line, headers, body and trailers.

    A socket's own timeout starts again with each byte, so a slow trickle would never time out.
    """

    def __init__(self, sock: Any, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self.fp = io.BufferedReader(_DeadlineReader(sock, self.fp.detach()))


class _DeadlineReader(io.RawIOBase):
    """The bytes of a socket; raises TimeoutError at the deadline."""

    def __init__(self, sock: Any, raw: Any) -> None:
        self._sock = sock
        self._raw = raw
        self._timeout = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _this_thread.deadline - time.monotonic()
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


def _read(response: requests.Response, file: BinaryIO | None, seconds: float) -> bytes:
    """Return the body; empty if it is saved in the file, as that of a successful answer is."""
    if file is not None and response.ok:
        _save(response, file, seconds)
        return b""
    chunks: list[bytes] = []
    size = 0
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_SIZE:
            raise StreamFailed(
                "An answer was larger than 64 MiB and was refused: check api_url, a page of "
                "Pardot's rows is smaller."
            )
        # Bytes that have arrived can still take long to decompress.
        if time.monotonic() > _this_thread.deadline:
            raise Retriable(_TOO_SLOW, timed_out=True, may_be_done=True)
    return b"".join(chunks)


def _save(response: requests.Response, file: BinaryIO, seconds: float) -> None:
    """Write a body to a file. There is no time limit while it comes at 1 KiB a second or more.

    The deadline starts again after each piece of the body.
    """
    started = time.monotonic()
    size = 0
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        size += len(chunk)
        if size > MAX_FILE_SIZE:
            raise StreamFailed("A file of an export is larger than 8 GiB: set a later start_date.")
        try:
            view = memoryview(chunk)
            # The file is unbuffered: a buffer would fail again when the file is closed.
            while view:
                view = view[file.write(view) :]
        except OSError as error:
            raise disk_full(error) from error
        elapsed = time.monotonic() - started
        if elapsed > _RATE_CHECKED_AFTER and size < MIN_DOWNLOAD_RATE * elapsed:
            raise Retriable("A file of an export came too slowly to be finished.")
        _this_thread.deadline = time.monotonic() + seconds


def disk_full(error: Exception) -> StreamFailed:
    """Return the error to raise when a temporary file cannot be made or written."""
    why = error.strerror if isinstance(error, OSError) else type(error).__name__
    return StreamFailed(
        f"A file of an export could not be saved ({why}): make room in the folder for temporary "
        "files (TMPDIR) and run again, nothing is lost."
    )
