"""Plays a scenario with one checkout of the tap and notes what each run did."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from benchmarks.compare_accounts import seeded
from benchmarks.compare_scenarios import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.compare_scenarios import Scenario
    from pardot_emulator import Emulator

_HEADERS = ("Accept", "Content-Type", "Pardot-Business-Unit-Id", "User-Agent")
_EXTRACTED = re.compile(r'"time_extracted":"[^"]*"')
_LOG = (
    (re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ "), ""),
    (re.compile(r'("type":"timer".*?"value":)[\d.e-]+'), r"\1TIME"),
    (re.compile(r'"pid":\d+'), '"pid":PID'),
    (re.compile(r"port=\d+"), "port=PORT"),
)
"""What is never the same in two logs."""


class Outcome(NamedTuple):
    """What one run did, normalized: each part is a list of lines."""

    exit_code: list[str]
    requests: list[str]
    stdout: list[str]
    state: list[str]
    log: list[str]


class Tap:
    """The tap of one checkout; a process that runs are forked from.

    Args:
        checkout: Its folder.
    """

    def __init__(self, checkout: Path) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._catalogs: dict[int, Any] = {}
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TAP_PARDOT_")
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("deterministic.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment | {"PYTHONPATH": str(checkout), "PYTHONHASHSEED": "0"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def run(self, files: dict[str, Any], arguments: Iterable[str]) -> tuple[int, str, str]:
        """Run to the end; return exit code, stdout, stderr.

        Args:
            files: Contents of the settings, the catalog, the STATE, by option.
            arguments: Further ones.

        Raises:
            ValueError: The process is gone: the tap could not be imported.
        """
        folder = Path(self._folder.name)
        command = [*arguments]
        for name, content in files.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
            command += [f"--{name}", f"{name}.json"]
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps([str(folder), command]) + "\n")
        stdin.flush()
        code = int(stdout.readline())
        return code, (folder / "stdout").read_text(), (folder / "stderr").read_text()

    def catalog(self, custom_fields: int) -> Any:
        """Return the catalog of the seeded account."""
        if custom_fields not in self._catalogs:
            with seeded(custom_fields) as emulator:
                code, stdout, stderr = self.run({"config": emulator.config}, ["--discover"])
            if code:
                sys.exit(f"--discover failed:\n{stderr}")
            self._catalogs[custom_fields] = json.loads(stdout)
        return self._catalogs[custom_fields]


def play(scenario: Scenario, tap: Tap) -> list[Outcome]:
    """Return what each run of a scenario did."""
    outcomes: list[Outcome] = []
    with scenario.emulator() as emulator:
        calls = recorded(emulator)
        for run in scenario.runs:
            for change in run.before:
                change(emulator)
            calls.clear()
            files = {}
            if run.with_settings:
                files["config"] = emulator.config | SETTINGS | scenario.settings | run.settings
            if run.with_catalog:
                files["catalog"] = scenario.selected(tap.catalog(scenario.custom_fields))
            state = run.state([outcome.stdout for outcome in outcomes])
            if state is not None:
                files["state"] = state
            outcomes.append(outcome(tap.run(files, run.arguments), [*calls], emulator.url))
    return outcomes


def recorded(emulator: Emulator) -> list[str]:
    """Return a list that takes all of the emulator's calls and logins from now on."""
    calls: list[str] = []
    answer, log_in = emulator._server._play, emulator.issuer.exchange  # noqa: SLF001

    async def play_call(http: Any, request: Any, call: dict[str, Any]) -> Any:
        line = {
            "call": f"{request.method} {request.path}",
            "query": request.query,
            "form": request.form,
            "body": "" if request.form else request.body.decode(errors="replace"),
            "headers": {name: request.headers.get(name) for name in _HEADERS},
        }
        calls.append(json.dumps(line))
        return await answer(http, request, call)

    def exchange(form: dict[str, str], *arguments: Any) -> Any:
        # A refresh token may be one that the emulator made up a moment ago.
        good = form.get("refresh_token") == emulator.oauth.refresh_token
        calls.append(json.dumps({"call": "login", "form": form | {"refresh_token": good}}))
        return log_in(form, *arguments)

    emulator._server.__dict__["_play"] = play_call  # noqa: SLF001
    emulator.issuer.__dict__["exchange"] = exchange
    return calls


def outcome(done: tuple[int, str, str], calls: list[str], url: str) -> Outcome:
    """Return what a run did, without what is never the same: times, the emulator's port."""

    def lines(text: str) -> Iterator[str]:
        host = url.removeprefix("http://")
        return (line.replace(host, "HOST") for line in text.splitlines())

    code, stdout, stderr = done
    messages = [_EXTRACTED.sub('"time_extracted":""', line) for line in lines(stdout)]
    states = [line for line in messages if line.startswith('{"type":"STATE"')]
    return Outcome([str(code)], calls, messages, states, [timeless(line) for line in lines(stderr)])


def timeless(line: str) -> str:
    """Return a log line without what is never the same."""
    for pattern, text in _LOG:
        line = pattern.sub(text, line)
    return line
