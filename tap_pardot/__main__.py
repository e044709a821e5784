"""The executable ``tap-pardot``, also ``python -m tap_pardot``."""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Run the command line. Signals are handled from the start, also while modules are loaded."""
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _leave)
    gc.disable()  # modules make many objects, all of which stay: there is nothing to collect
    from tap_pardot.cli import main as run  # noqa: PLC0415 - takes most of a second

    gc.freeze()  # nor later: a full collection would visit all of them
    gc.enable()
    run()


def _leave(signum: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    """End the process at once, because nothing was begun; the tap later sets its own handlers."""
    os.write(2, f"Stopped by {signal.Signals(signum).name}: nothing was read.\n".encode())
    os._exit(128 + signum)


if __name__ == "__main__":
    main()
