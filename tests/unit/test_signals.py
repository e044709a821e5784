"""A signal ends the program also where Python loses the exception of its handler."""

from __future__ import annotations

import dis
import subprocess
import sys
import time

import pytest

from tap_pardot import cli
from tap_pardot.cli import ending_in_a_sentence

CHILD = """
import os, signal, sys, time
from tap_pardot.cli import ending_in_a_sentence
from tap_pardot.signals import SignalHandler

handler = SignalHandler()
signal.signal(signal.SIGTERM, lambda signum, frame: handler.handle(signum))

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)

with ending_in_a_sentence():
    if sys.argv[1] == "over":
        handler.end()
    del (finalized := [Finalized()])[0]
    print("dropped", flush=True)
    time.sleep(20 if sys.argv[1] == "reads" else 1.5)
    print("done", flush=True)
time.sleep(1.5)
"""


@pytest.mark.parametrize(
    ("state", "code", "printed"), [("reads", 143, "dropped"), ("over", 0, "dropped done")]
)
def test_a_signal_is_heard_although_a_finalizer_swallows_it(state, code, printed):
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, state], capture_output=True, text=True, check=False
    )

    assert done.returncode == code, done.stderr
    assert done.stdout.split() == printed.split()
    assert time.monotonic() - started < 10
    assert ("Stopped by SIGTERM." in done.stderr) is (code == 143)


@pytest.mark.parametrize(
    "function", [cli.main, cli.CommandLine.invoke, ending_in_a_sentence.__wrapped__]
)
def test_no_loop_shares_a_frame_with_what_hears_a_signal(function):
    """Python 3.12 and 3.13 look for signals at a loop's jump back, outside of any ``try``.

    The exception is then raised as if the function had no handler (python/cpython#130279).
    """
    names = [each.opname for each in dis.get_instructions(function)]

    assert "JUMP_BACKWARD" not in names  # JUMP_BACKWARD_NO_INTERRUPT looks for none
