"""Runs the tap in this process, with the same arguments and the same output as its command.

A process of its own costs a second. It is needed where a test sends signals, closes pipes, or
starts the installed command; see :class:`tests.helpers.tap.Tap`.
"""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any
from unittest import mock

from tap_pardot.cli import main
from tests.helpers.tap import Files, Finished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OF_THE_EMULATOR = ("aiohttp", "asyncio", "pardot_emulator")
"""Loggers of its server, which is in this process, too."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


class Runner(Files):
    """Runs the tap in this process, with files in one folder."""

    def run(
        self,
        config: dict[str, Any],
        *options: str,
        state: Any = None,
        catalog: Any = None,
        env: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run to the end."""
        arguments = self.arguments(config, *options, state=state, catalog=catalog)
        return invoke(*arguments, env=env)


def invoke(*arguments: str, env: Mapping[str, str] | None = None) -> Finished:
    """Run the command line in this process, to its end.

    Args:
        arguments: Those after the command's name.
        env: Variables besides those of this process.
    """
    code: Any = None
    with (
        restored(),
        only_the_taps_log(),
        mock.patch.dict(os.environ, env or {}),
        mock.patch.object(sys, "argv", ["tap-pardot", *arguments]),
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    return Finished(code or 0, out.getvalue(), err.getvalue())


@contextmanager
def only_the_taps_log() -> Iterator[None]:
    """Keep other log handlers and the emulator's log out; restore them at the end."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    root.handlers = []
    others = [logging.getLogger(name) for name in _OF_THE_EMULATOR]
    nowhere = logging.NullHandler()
    for each in others:
        each.addHandler(nowhere)
        each.propagate = False
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        for each in others:
            each.removeHandler(nowhere)
            each.propagate = True


@contextmanager
def restored() -> Iterator[None]:
    """Give this process its signal handlers and its signal mask back at the end."""
    signals = {number: signal.getsignal(number) for number in _SIGNALS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        yield
    finally:
        for number, handler in signals.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
