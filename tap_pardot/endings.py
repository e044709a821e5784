"""How the program ends: one last sentence on stderr and an exit code, whatever happened."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import traceback
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError

from tap_pardot.errors import RunStopped, TapPardotError

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("tap-pardot")

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGALRM}
"""Those that end a run, and the one that insists."""

_AGAIN = 1.0
"""Seconds."""


@contextmanager
def signals_held() -> Iterator[None]:
    """Hold the signals back that end a run, in this thread and in threads that it starts."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        # In here: a handler may raise out of this call when the signals are held already.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


class Terminated(BaseException):
    """SIGTERM or SIGINT came. No :class:`Exception`, so that nothing on the way handles it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


class StdoutLost(BaseException):
    """Stdout takes no more. No :class:`Exception`, for the SDK would log it as unhandled."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error)
        self.errno = error.errno

    def __str__(self) -> str:
        """Return the sentence for the user."""
        if self.errno == errno.EPIPE:
            return "The target closed the pipe: its own last lines say why."
        why = os.strerror(self.errno or errno.EIO)
        if self.errno == errno.EBADF:
            return f"Nothing can be written to stdout ({why}): leave it open, the data goes there."
        return (
            f"Nothing more can be written to stdout ({why}): make that possible, then run again "
            "from the last whole STATE in it."
        )


class Stopping:
    """Makes an exception of the first SIGTERM or SIGINT, until it is heard.

    An exception from a handler can vanish (Python drops it in a finalizer), and a signal that
    comes just before a system call that waits leaves it waiting. So it is raised again and again.
    """

    def __init__(self) -> None:
        self._signum: int | None = None
        self._is_over = False

    def begin(self, signum: int) -> None:
        """Handle a signal; only the first counts, since Meltano may send both.

        Raises:
            Terminated: The run is not over yet.
        """
        if self._signum is None and not self._is_over:
            self._signum = signum
            signal.signal(signal.SIGALRM, self._again)
            signal.setitimer(signal.ITIMER_REAL, _AGAIN, _AGAIN)
            raise Terminated(signum)

    def _again(self, *_: object) -> None:
        if self._signum is not None and not self._is_over:
            raise Terminated(self._signum)

    def over(self) -> None:
        """The run is over: let no signal disturb its last lines."""
        self._is_over = True
        no_more_alarms()


def no_more_alarms() -> None:
    """Raise nothing again."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def unexpected(error: Exception) -> str:
    """Return a sentence for an error nobody foresaw; where it came from goes to the debug log.

    The text of the error is left out: it may hold data.
    """
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.debug("%s at\n%s", type(error).__name__, where)
    return (
        f"An error nobody foresaw ({type(error).__name__}): run again with "
        "TAP_PARDOT_LOGLEVEL=DEBUG and report the lines that show where it came from."
    )


def _told(problems: list[str]) -> str:
    """Log what is wrong with the settings; return the last sentence."""
    for problem in problems:
        logger.error("%s", problem)
    number = len(problems)
    settings_word = "setting" if number == 1 else f"{number} settings"
    return f"Nothing was read: correct the {settings_word} named above and run again."


@contextmanager
def ending_in_a_sentence() -> Iterator[None]:
    """Turn whatever ends the program into one last sentence on stderr and an exit code."""
    try:
        yield
    except ConfigValidationError as error:
        _leave(_told(error.errors), 1)
    except RunStopped as error:
        _leave(str(error), 2)
    except (TapPardotError, SingerSDKError) as error:
        _leave(str(error), 1)
    except StdoutLost as lost:
        _quiet_stdout()
        _leave(str(lost), 1)
    except click.ClickException as error:
        _leave(f"{error.format_message()} See tap-pardot --help.", 1)
    except (click.Abort, KeyboardInterrupt):
        _leave("Stopped by SIGINT.", 128 + signal.SIGINT)
    except Terminated as stop:
        no_more_alarms()
        _leave(f"Stopped by {signal.Signals(stop.signum).name}.", 128 + stop.signum)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        why = error.strerror or type(error).__name__
        _leave(f"The operating system refused something ({why}{where}): mend that, run again.", 1)
    except Exception as error:  # noqa: BLE001 - the last resort
        _leave(unexpected(error), 1)


def _quiet_stdout() -> None:
    """Let what is still buffered go nowhere: Python would complain of it at its end."""
    with suppress(AttributeError, OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _leave(sentence: str, code: int) -> NoReturn:
    logger.error("%s", sentence)
    sys.exit(code)
