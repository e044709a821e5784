"""A signal ends the program also where Python loses the exception of its handler."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

CHILD = """
import os, signal, sys, time
from tap_pardot.cli import exit_with_sentence
from tap_pardot.signals import SignalHandler

handler = SignalHandler()
signal.signal(signal.SIGTERM, lambda signum, frame: handler.handle(signum))

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)

with exit_with_sentence():
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
def test_a_signal_ends_the_program_although_a_finalizer_drops_its_exception(state, code, printed):
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, state], capture_output=True, text=True, check=False
    )

    assert done.returncode == code, done.stderr
    assert done.stdout.split() == printed.split()
    assert time.monotonic() - started < 15
    assert ("Stopped by SIGTERM." in done.stderr) is (code == 143)
