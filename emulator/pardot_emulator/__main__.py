"""Command ``pardot-emulator``: serve a local Pardot, or run a command beside one."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen
from zoneinfo import ZoneInfoNotFoundError

from pardot_emulator.harness import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TIMEOUT = 30
_NOT_FOUND = 127
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        Exit code; with ``exec`` that of the command, 128 + n when signal n ended it.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        return int(options.run(options))
    except (URLError, OSError, ValueError, ZoneInfoNotFoundError) as problem:
        sys.stderr.write(f"pardot-emulator: {problem}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pardot-emulator", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    account = argparse.ArgumentParser(add_help=False)
    account.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    account.add_argument("--seed", type=int, default=1, help="chooses the rows' values")
    account.add_argument("--rows", type=int, default=1000, help="rows of each big object")
    account.add_argument(
        "--objects",
        type=lambda text: text.split(","),
        help="make rows of these only, separated by commas (list,tag)",
    )
    account.add_argument(
        "--custom-fields", type=int, metavar="N", help="custom fields of prospects"
    )
    account.add_argument("--timezone", default="America/New_York", help="of the API user (IANA)")
    account.add_argument("--api-version", type=int, choices=(3, 4), default=4)
    account.add_argument("--latency", type=float, default=0.0, help="seconds added to every call")

    serve = commands.add_parser("serve", parents=[account], help="serve until stopped")
    serve.set_defaults(run=_serve)
    execute = commands.add_parser(
        "exec", parents=[account], help="run a command with TAP_PARDOT_* set, then stop"
    )
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD")
    execute.set_defaults(run=_execute)
    counts = commands.add_parser("counts", help="print rows per object")
    counts.add_argument("url")
    counts.set_defaults(run=_counts)
    exports = commands.add_parser("exports", help="print the export jobs")
    exports.add_argument("url")
    exports.set_defaults(run=_exports)
    outbox = commands.add_parser("outbox", help="print the e-mail that would have been sent")
    outbox.add_argument("url")
    outbox.set_defaults(run=_outbox)
    return parser


def _emulator(options: argparse.Namespace) -> Emulator:
    return Emulator(
        rows=options.rows,
        seed=options.seed,
        objects=options.objects,
        custom_fields=options.custom_fields,
        port=options.port,
        timezone=options.timezone,
        api_version=options.api_version,
        latency=options.latency,
    )


def _serve(options: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in _SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    with _emulator(options) as emulator:
        sys.stdout.write(emulator.url + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


def _execute(options: argparse.Namespace) -> int:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise ValueError("exec needs a command after --")
    with _emulator(options) as emulator:
        environment = {**os.environ, **emulator.environment}
        try:
            child = subprocess.Popen(command, env=environment)  # noqa: S603 -- what it is for
        except FileNotFoundError:
            sys.stderr.write(f"pardot-emulator: no command {command[0]}\n")
            return _NOT_FOUND
        # The command decides what a signal means; the emulator stays up until it is gone.
        for number in _SIGNALS:
            signal.signal(number, lambda received, _: _forward(child, received))
        code = child.wait()
    return code if code >= 0 else 128 - code


def _forward(child: subprocess.Popen[bytes], number: int) -> None:
    # A terminal sends Ctrl-C to the command as well: twice would look like impatience.
    if number == signal.SIGINT and sys.stdin is not None and sys.stdin.isatty():
        return
    if child.poll() is None:
        child.send_signal(number)


def _counts(options: argparse.Namespace) -> int:
    counts = _get(options.url, "/emulator/counts")
    _table(("object", "rows"), sorted(counts.items()))
    return 0


def _exports(options: argparse.Namespace) -> int:
    jobs = _get(options.url, "/emulator/exports")["exports"]
    columns = ("id", "object", "procedure", "state", "rows")
    _table(
        (*columns, "fields", "files"),
        ([*(job[key] for key in columns), len(job["fields"]), len(job["files"])] for job in jobs),
    )
    return 0


def _outbox(options: argparse.Namespace) -> int:
    entries = _get(options.url, "/emulator/outbox")["outbox"]
    columns = (
        *("email_id", "list_email_id", "kind", "campaign_id", "recipients", "delivered"),
        *("from", "scheduled"),
    )
    _table(columns, ([json.dumps(entry[key]) for key in columns] for entry in entries))
    return 0


def _get(url: str, path: str) -> Any:
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} is no URL of an emulator")
    with urlopen(url.rstrip("/") + path, timeout=_TIMEOUT) as answer:  # noqa: S310 -- checked
        return json.load(answer)


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


if __name__ == "__main__":
    sys.exit(main())
