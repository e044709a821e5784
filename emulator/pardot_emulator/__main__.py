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

from pardot_emulator.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TIMEOUT = 30
_NOT_FOUND = 127
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Commands that print a table of what a running emulator holds: help, columns.
_TABLES = {
    "counts": ("print the number of rows per object", "object rows"),
    "exports": ("print the export jobs", "id object procedure state rows fields files"),
    "outbox": (
        "print the e-mail that would have been sent",
        "email_id list_email_id kind campaign_id recipients delivered from scheduled",
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        Exit code; with ``exec`` that of the command, 128 + n when signal n ended it.
    """
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except (URLError, OSError, ValueError, ZoneInfoNotFoundError) as problem:
        sys.stderr.write(f"pardot-emulator: {problem}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pardot-emulator", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    account = argparse.ArgumentParser(add_help=False)
    add = account.add_argument
    add("--port", type=int, default=0, help="0 takes a free one (default)")
    add("--seed", type=int, default=1, help="chooses the rows' values")
    add("--rows", type=int, default=1000, help="rows of each big object (default: 1000)")
    add(
        "--objects",
        type=lambda names: names.split(","),
        help="make rows of these only, separated by commas (list,tag)",
    )
    add("--custom-fields", type=int, metavar="N", help="number of custom fields of prospects")
    add("--timezone", default="America/New_York", help="of the API user (IANA)")
    add("--api-version", type=int, choices=(3, 4), default=4)
    cap_help = "rows of a sequence of page tokens of API version 5 (default: 100000)"
    add("--token-cap", type=int, default=100_000, metavar="N", help=cap_help)
    add("--latency", type=float, default=0.0, help="seconds added to every call")

    serve = commands.add_parser(
        "serve", parents=[account], help="serve until stopped; print a config.json for the tap"
    )
    serve.add_argument(
        "--config-file", metavar="PATH", help="write config.json there and print the URL instead"
    )
    serve.set_defaults(run=_serve)
    execute = commands.add_parser(
        "exec", parents=[account], help="run a command with TAP_PARDOT_* set, then stop"
    )
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD")
    execute.set_defaults(run=_execute)
    for name, (sentence, _) in _TABLES.items():
        table = commands.add_parser(name, help=sentence)
        table.add_argument("url", help="URL of a running emulator")
        table.set_defaults(run=_print_table, name=name)
    return parser


def _emulator(options: argparse.Namespace) -> Emulator:
    names = ("rows", "seed", "objects", "custom_fields", "port", "timezone", "api_version")
    more = {"latency": options.latency, "v5_token_cap": options.token_cap}
    return Emulator(**more, **{name: getattr(options, name) for name in names})


def _serve(options: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in _SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    with _emulator(options) as emulator:
        config = json.dumps(emulator.config) + "\n"
        if options.config_file is None:
            sys.stdout.write(config)
        else:
            _write_private(options.config_file, config)
            sys.stdout.write(emulator.url + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


def _write_private(path: str, content: str) -> None:
    """Write a file that only its owner can read."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        os.fchmod(number, 0o600)  # also if the file was there
        file.write(content)


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
        # The command decides what a signal means; the emulator runs until the command has ended.
        for number in _SIGNALS:
            signal.signal(number, lambda received, _: _pass_on(child, received))
        code = child.wait()
    return code if code >= 0 else 128 - code


def _pass_on(child: subprocess.Popen[bytes], number: int) -> None:
    # A terminal sends Ctrl-C to the command as well; it must not arrive twice.
    if number == signal.SIGINT and sys.stdin is not None and sys.stdin.isatty():
        return
    if child.poll() is None:
        child.send_signal(number)


def _print_table(options: argparse.Namespace) -> int:
    if not options.url.startswith(("http://", "https://")):
        raise ValueError(f"{options.url} is no URL of an emulator")
    url = f"{options.url.rstrip('/')}/emulator/{options.name}"
    with urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 -- checked
        found = json.load(answer)
    columns = _TABLES[options.name][1].split()
    if options.name == "counts":
        rows: Iterable[Sequence[Any]] = sorted(found.items())
    else:
        rows = ([one[column] for column in columns] for one in found[options.name])
    lines = [columns, *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    return 0


def _cell(value: Any) -> str:
    """Return a value as one cell; of a long list its length."""
    if isinstance(value, list):
        return str(len(value))
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    sys.exit(main())
