"""The file that stores a rotated refresh token, because a tap cannot change its settings.

The file is JSON. ``made_from`` is a hash of the configured token, and ``refresh_token`` is the
token that has replaced it. ``others`` holds the same for other configured tokens, by their hash:
two pipelines may share the file, and a setting may be changed back.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_pardot.errors import ConfigurationError, RunStopped
from tap_pardot.signals import signals_blocked

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("tap-pardot")

LOCK_TIMEOUT = 60
"""Seconds to wait for another run that is logging in."""
_LOCK_POLL = 0.1  # seconds
_MAX_OTHERS = 20


class TokenFile:
    """The file of setting ``token_file``.

    Args:
        path: Setting ``token_file``.
        configured: Setting ``refresh_token``. The file has a replacement only for the configured
            tokens whose hash it holds, so a newly configured token is used as it is.
    """

    def __init__(self, path: str, configured: str) -> None:
        self._configured_path = path
        self._hash = hashlib.sha256(configured.encode()).hexdigest()

    @property
    def _path(self) -> Path:
        """The path with links resolved: the lock and the new file are made beside the target."""
        return Path(os.path.realpath(os.path.expanduser(self._configured_path)))  # noqa: PTH111

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the file's lock, so that no other run logs in with the file meanwhile.

        Two files are locked. ``<token_file>.lock`` is locked because the file itself is replaced
        when a token is saved. The file itself is locked for the case that no file can be made
        beside it (a file that is mounted by itself, a read-only folder). If neither can be locked,
        a warning is logged.

        Raises:
            ConfigurationError: The file cannot be written. If the app rotates tokens, the next run
                would send a token that was replaced.
            RunStopped: Another run has held the lock for :data:`LOCK_TIMEOUT` seconds.
        """
        if not self._is_writable():
            raise ConfigurationError(
                "token_file cannot be written: make its folder, give this user the right to write "
                "there, or correct token_file; no refresh token was sent."
            )
        with ExitStack() as locks:
            errors: list[Exception] = []
            for suffix, flags in ((".lock", os.O_CREAT), ("", 0)):
                try:
                    lock = os.open(f"{self._path}{suffix}", os.O_RDWR | flags, 0o600)
                    locks.callback(os.close, lock)  # which releases it
                    _acquire(lock)
                except (OSError, ValueError) as error:
                    errors.append(error)
            if len(errors) > 1:
                _warn_unlocked(errors[0])
            yield

    def _is_writable(self) -> bool:
        """Return whether the file can be replaced by a new one, or written in place."""
        path = self._path
        try:
            return os.access(path.parent, os.W_OK | os.X_OK) or os.access(path, os.W_OK)
        except ValueError:  # a NUL in the path
            return False

    def load(self) -> str | None:
        """Return the token that has replaced the configured one; None if there is none.

        Raises:
            ConfigurationError: The file exists but cannot be read. It exists because a configured
                token was replaced, so the configured token must not be sent.
        """
        return self._tokens().get(self._hash)

    def save(self, token: str, replaced: str) -> bool:
        """Store a token, readable by the owner only; return False if it cannot be written.

        Args:
            token: The new refresh token.
            replaced: The refresh token that it replaces.
        """
        # Salesforce has revoked the old token: a signal must not interrupt the write.
        with signals_blocked():
            try:
                self._write(self._text(token, replaced))
            except (OSError, ValueError) as error:
                logger.warning("token_file could not be written (%s).", _reason(error))
                return False
        return True

    def _tokens(self) -> dict[str, str]:
        """Return the stored tokens, by the hash of the configured token that each replaces."""
        try:
            text = self._path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return {}
        except UnicodeDecodeError:
            raise _damaged() from None
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"token_file cannot be read ({_reason(error)}): correct token_file, or let this "
                "user read the file; the refresh token in it may have replaced the configured one."
            ) from None
        if text.strip() in {"", "{}"}:
            return {}
        try:
            content = json.loads(text)
            tokens = {**content.get("others", {}), content["made_from"]: content["refresh_token"]}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise _damaged() from None
        if not all(isinstance(token, str) and token for token in tokens.values()):
            raise _damaged()
        return tokens

    def _text(self, token: str, replaced: str) -> str:
        try:
            tokens = self._tokens()
        except ConfigurationError:  # it was damaged after load() had read it
            tokens = {}
        tokens.pop(self._hash, None)
        # A token that a user has copied from the file into the settings is replaced too.
        others = {key: token if each == replaced else each for key, each in tokens.items()}
        content: dict[str, Any] = {"made_from": self._hash, "refresh_token": token}
        if others:
            content["others"] = dict(list(others.items())[-_MAX_OTHERS:])
        return json.dumps(content)

    def _write(self, text: str) -> None:
        path, name = self._path, ""
        try:
            # mkstemp makes the file 0600; a rename never leaves half a token behind.
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".token-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                _write_through(file, text)
            Path(name).replace(path)
        except OSError:
            with suppress(OSError):
                Path(name).unlink()
            # A file that is mounted by itself, as into a container, can only be written in place.
            with path.open("r+", encoding="utf-8") as file:
                with suppress(OSError):
                    os.fchmod(file.fileno(), 0o600)
                _write_through(file, text)


def _write_through(file: Any, text: str) -> None:
    file.write(text)
    file.truncate()
    file.flush()
    os.fsync(file.fileno())


def _acquire(lock: int) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT
    has_logged = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise RunStopped(
                    f"Another run has been logging in with this token_file for {LOCK_TIMEOUT} "
                    "seconds: run again when that run has logged in."
                ) from None
        else:
            return
        if not has_logged:
            logger.info("Waiting for another run that is logging in with this token_file.")
        has_logged = True
        time.sleep(_LOCK_POLL)


def _warn_unlocked(error: Exception) -> None:
    logger.warning(
        "token_file cannot be locked (%s): do not let two runs log in at the same time.",
        _reason(error),
    )


def _damaged() -> ConfigurationError:
    return ConfigurationError(
        "token_file does not hold what this tap writes: correct token_file if it is another "
        "file; else authorize the app again, set the new refresh_token and delete the "
        "file."
    )


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
