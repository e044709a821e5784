"""Turns errors of requests, urllib3 and the operating system into errors with a sentence.

The text of the original error is never repeated: it may hold the URL with its parameters.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import TYPE_CHECKING

import requests.exceptions
import urllib3.exceptions

from tap_pardot.errors import ConfigurationError, Retriable, StreamFailed, TapPardotError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_ADDRESS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidURL,
    urllib3.exceptions.LocationValueError,
)
_TIMEOUTS = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_NOT_CONNECTED = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


def failure_of(error: Exception, host: str, setting: str | None) -> TapPardotError:
    """Return what to raise for an error of requests, urllib3 or the operating system.

    Args:
        error: The error.
        host: The host that was asked.
        setting: The setting that names the host, if it may be wrong: the user has set it, and the
            host was never reached. Else None.

    Returns:
        A :class:`Retriable`, unless an address, a proxy or a certificate is wrong.
    """
    if isinstance(error, _NO_ADDRESS):
        return _wrong_address(error, host, setting)
    if isinstance(error, requests.exceptions.SSLError) or _is_of_bundle(error):
        return _failure_of_tls(error, host)
    if isinstance(error, requests.exceptions.ProxyError):
        return Retriable(f"The proxy on the way to {host} cannot be used ({_reason(error)}).")
    if is_of_dns(error):
        return _failure_of_dns(error, host, setting)
    connected = _first(error, *_NOT_CONNECTED) is None
    if isinstance(error, _TIMEOUTS):
        what = "did not answer in time" if connected else "did not accept a connection in time"
        return Retriable(f"{host} {what}.", timed_out=True, may_be_done=connected)
    message = f"The connection to {host} failed ({_reason(error)})."
    if _first(error, ConnectionRefusedError) is not None:
        message = f"{host} refused the connection."
    return Retriable(message, may_be_done=connected)


def is_of_dns(error: Exception) -> bool:
    """Return whether the error is that a host name could not be looked up."""
    return _first(error, socket.gaierror) is not None


def _wrong_address(error: Exception, host: str, setting: str | None) -> TapPardotError:
    if "SOCKS" in str(error) or _first(
        error, requests.exceptions.InvalidProxyURL, urllib3.exceptions.ProxySchemeUnknown
    ):
        return ConfigurationError(
            "The proxy that the environment names cannot be used: correct HTTP_PROXY, "
            "HTTPS_PROXY or ALL_PROXY (SOCKS needs the package pysocks)."
        )
    if setting is not None:
        return ConfigurationError(f"{host} cannot be the name of a host: correct {setting}.")
    return StreamFailed(
        "An answer of Pardot holds a link that is not an http or https address: run again, and "
        "report it if it happens again."
    )


def _is_of_bundle(error: Exception) -> bool:
    """Return whether the error is that the file of trusted certificates cannot be loaded."""
    if str(error).startswith("Could not find a suitable TLS CA certificate bundle"):
        return True
    found = _first(error, ssl.SSLError)
    return getattr(found, "library", None) in {"X509", "PEM", "ASN1"}


def _failure_of_tls(error: Exception, host: str) -> TapPardotError:
    if _is_of_bundle(error):
        return ConfigurationError(
            "The certificates to trust cannot be loaded: correct REQUESTS_CA_BUNDLE (or "
            "CURL_CA_BUNDLE), a file of certificates in PEM form."
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ConfigurationError(
            f"The certificate of {host} cannot be verified: set REQUESTS_CA_BUNDLE to the file "
            "with your network's certificates."
        )
    return Retriable(f"The connection to {host} failed (TLS).")


def _failure_of_dns(error: Exception, host: str, setting: str | None) -> Retriable:
    found = _first(error, socket.gaierror)
    if not isinstance(found, OSError) or found.errno != socket.EAI_NONAME:
        return Retriable(f"The host name {host} could not be looked up (DNS).")
    problem = f"The host name {host} does not exist (DNS)"
    if setting is None:
        return Retriable(f"{problem}.")
    wrong_setting = ConfigurationError(f"{problem}: correct {setting}.")
    return Retriable(f"{problem}.", final_error=wrong_setting)


def _reason(error: Exception) -> str:
    """Return a reason that holds no data: an HTTP status, an OS message, or a type's name."""
    if found := re.search(r"Tunnel connection failed: (\d{3})", str(error)):
        return f"HTTP {found[1]}"
    if is_of_dns(error):
        return "DNS"
    *_, last = _chain(error)
    if isinstance(last, OSError) and last.errno is not None:
        return os.strerror(last.errno)
    return type(last).__name__


def _first(error: Exception, *kinds: type[Exception]) -> BaseException | None:
    return next((each for each in _chain(error) if isinstance(each, kinds)), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes: requests and urllib3 wrap errors several times."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
