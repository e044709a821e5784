"""The command line: a demo is one line, and the command beside it decides the exit code."""

import json
import signal
import subprocess
import sys
import urllib.request

import pytest

PROGRAM = [sys.executable, "-m", "pardot_emulator"]


def run(*arguments):
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_its_url_first_and_stops_when_asked(number):
    options = ["--rows", "20", "--timezone", "Asia/Tokyo", "--objects", "list,customField"]
    options += ["--custom-fields", "200"]
    with subprocess.Popen(
        [*PROGRAM, "serve", *options], stdout=subprocess.PIPE, text=True
    ) as server:
        url = server.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/emulator/settings", timeout=9) as answer:
            assert json.load(answer)["timezone"] == "Asia/Tokyo"
        counts = run("counts", url).stdout.splitlines()
        assert ["list", "20"] in [line.split() for line in counts]
        assert ["customField", "200"] in [line.split() for line in counts]
        assert run("exports", url).stdout.split()[:2] == ["id", "object"]
        assert run("outbox", url).stdout.split()[0] == "email_id"
        server.send_signal(number)
        assert server.wait(9) == 0


def test_exec_gives_the_command_its_settings_and_returns_its_exit_code():
    script = (
        "import json, os, sys, urllib.request as u\n"
        "print(json.dumps({k: v for k, v in os.environ.items() if 'PARDOT' in k}))\n"
        "u.urlopen(os.environ['PARDOT_EMULATOR_URL'] + '/emulator/health').read()\n"
        "sys.exit(7)"
    )
    done = run("exec", "--rows", "0", "--timezone", "UTC", "--", sys.executable, "-c", script)
    assert done.returncode == 7
    variables = json.loads(done.stdout)
    url = variables.pop("PARDOT_EMULATOR_URL")
    assert variables == {
        "TAP_PARDOT_PARDOT_BUSINESS_UNIT_ID": "0UvEMULATOR0000001",
        "TAP_PARDOT_CLIENT_ID": "emulator-client",
        "TAP_PARDOT_CLIENT_SECRET": "emulator-secret",
        "TAP_PARDOT_REFRESH_TOKEN": "emulator-refresh",
        "TAP_PARDOT_LOGIN_URL": url,
        "TAP_PARDOT_API_URL": url,
        "TAP_PARDOT_TIMEZONE": "UTC",
    }


def test_exec_forwards_signals_and_tells_which_one_ended_the_command():
    script = "import time; print('up', flush=True); time.sleep(30)"
    with subprocess.Popen(
        [*PROGRAM, "exec", "--rows", "0", "--", sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(9) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["exec", "--rows", "0"], 1, "command"),
        (["exec", "--rows", "0", "--", "no-such-command-here"], 127, "no-such-command-here"),
        (["serve", "--timezone", "Mars/Olympus"], 1, "Mars/Olympus"),
        (["serve", "--api-version", "5"], 2, "api-version"),
        (["counts", "ftp://example.com"], 1, "no URL"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_sentence(arguments, code, words):
    done = run(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
