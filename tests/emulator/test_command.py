"""The command line: a demo is one line, and the command beside it decides the exit code."""

import json
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest

PROGRAM = [sys.executable, "-m", "pardot_emulator"]


def run(*arguments):
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, timeout=20, check=False
    )


@contextmanager
def serving(*options, end=signal.SIGTERM):
    """Serve until the end of the block; give the first line of stdout."""
    with subprocess.Popen(
        [*PROGRAM, "serve", *options], stdout=subprocess.PIPE, text=True
    ) as server:
        yield server.stdout.readline()
        server.send_signal(end)
        assert server.stdout.read() == ""
        assert server.wait(9) == 0


def get(url):
    with urllib.request.urlopen(url, timeout=9) as answer:
        return json.load(answer)


def test_serve_takes_the_cap_of_a_sequence_of_tokens():
    with serving("--rows", "1", "--objects", "list", "--token-cap", "50") as line:
        url = json.loads(line)["api_url"]
        assert get(f"{url}/emulator/settings")["v5_token_cap"] == 50


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_a_config_for_the_tap_and_stops_at_a_signal(number):
    options = ["--rows", "20", "--timezone", "Asia/Tokyo", "--objects", "list,customField"]
    with serving(*options, "--custom-fields", "200", end=number) as line:
        config = json.loads(line)
        url = config["api_url"]
        assert config == {
            "pardot_business_unit_id": "0UvEMULATOR0000001",
            "client_id": "emulator-client",
            "client_secret": "emulator-secret",
            "refresh_token": "emulator-refresh",
            "login_url": url,
            "api_url": url,
            "timezone": "Asia/Tokyo",
        }
        assert get(f"{url}/emulator/settings")["timezone"] == "Asia/Tokyo"
        counts = run("counts", url).stdout.splitlines()
        assert ["list", "20"] in [line.split() for line in counts]
        assert ["customField", "200"] in [line.split() for line in counts]
        assert run("exports", url).stdout.split()[:2] == ["id", "object"]
        assert run("outbox", url).stdout.split()[0] == "email_id"


@pytest.mark.parametrize("before", [None, "what was there"])
def test_serve_writes_the_config_to_a_file_that_only_its_owner_can_read(tmp_path, before):
    file = tmp_path / "config.json"
    if before is not None:
        file.write_text(before)
        file.chmod(0o644)
    with serving("--rows", "0", "--config-file", str(file)) as line:
        config = json.loads(file.read_text())
        assert config["api_url"] == config["login_url"] == line.strip()
        assert config["timezone"] == "America/New_York"
        assert file.stat().st_mode & 0o777 == 0o600
        assert get(f"{config['api_url']}/emulator/health") == {"ok": True}


def test_exec_gives_the_command_its_settings_and_returns_its_exit_code():
    script = (
        "import json, os, sys, urllib.request as u\n"
        "ours = ('TAP_PARDOT_', 'PARDOT_EMULATOR_')\n"
        "print(json.dumps({k: v for k, v in os.environ.items() if k.startswith(ours)}))\n"
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


def test_exec_passes_signals_on_and_reports_which_one_ended_the_command():
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
        (["serve", "--rows", "0", "--config-file", "/no/such/folder/config.json"], 1, "folder"),
        (["counts", "ftp://example.com"], 1, "no URL"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_sentence(arguments, code, words):
    done = run(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
