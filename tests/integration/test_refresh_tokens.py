"""A refresh token that Salesforce replaced is never sent again, whatever happens.

The emulator revokes everything when it is, as Salesforce does: whoever sends an old token is taken
for a thief, and the connected app must be authorized again by hand (reference B.1).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import stat
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_pardot.api import token_file
from tap_pardot.api.token_file import TokenFile
from tap_pardot.errors import ConfigurationError
from tests.helpers.tap import Finished, Tap

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = [{"id": number} for number in range(1, 4)]
NEW = "5Aep-set-by-hand"


def invalid_grant(description: str) -> dict[str, Any]:
    body = json.dumps({"error": "invalid_grant", "error_description": description})
    return {"op": "token", "status": 400, "body": body}


EXPIRED = invalid_grant("expired access/refresh token")
BUSY = invalid_grant("token request is already being processed")

pytestmark = pytest.mark.usefixtures("queries_only", "waits")


@pytest.fixture
def stored(tmp_path):
    return tmp_path / "token.json"


@pytest.fixture
def config(emulator, stored):
    """Settings with a token file, of an app that rotates refresh tokens."""
    emulator.set(oauth={"rotate_refresh_token": True})
    emulator.add("list", ROWS)
    return emulator.config | {"token_file": str(stored)}


def text_of(configured: str, token: str) -> str:
    """Return what a token file holds."""
    made_from = hashlib.sha256(configured.encode()).hexdigest()
    return json.dumps({"made_from": made_from, "refresh_token": token})


def good(run: Finished) -> None:
    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1, 2, 3]


def refused(run: Finished, *words: str) -> None:
    assert run.exit_code == 1, run.stderr
    assert not {"SCHEMA", "RECORD"} & {message["type"] for message in run.messages}
    assert "Traceback" not in run.stderr
    for word in words:
        assert word in run.last_line


def is_revoked(emulator: Any) -> bool:
    return not emulator.oauth.refresh_token


@contextmanager
def held(stored: Path) -> Iterator[None]:
    """Hold the lock of a token file, as another run does that is logging in."""
    lock = os.open(f"{stored}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


# --- the file ---


def test_a_rotated_refresh_token_is_used_stored_and_never_logged(emulator, tap, config, stored):
    emulator.set(oauth={"expire_after_calls": 6})
    debug = {"TAP_PARDOT_LOGLEVEL": "DEBUG"}

    first = tap.run(config, env=debug)

    good(first)
    # Salesforce lets each old token die, so these logins worked with the rotated ones.
    assert [login["status"] for login in emulator.logins] == [200, 200, 200]
    rotated = emulator.oauth.refresh_token
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert rotated in stored.read_text()
    assert "rotated refresh_token" in first.stderr
    assert rotated not in first.stderr + first.stdout
    assert config["refresh_token"] not in first.stderr + first.stdout
    assert [path.name for path in stored.parent.glob(".token-*")] == []

    emulator.clear_calls()
    second = tap.run(config, state=first.state, env=debug)

    assert second.exit_code == 0, second.stderr
    assert {login["status"] for login in emulator.logins} == {200}
    assert emulator.oauth.refresh_token != rotated
    assert emulator.oauth.refresh_token in stored.read_text()


def test_a_newly_configured_refresh_token_replaces_the_stored_one(emulator, tap, config):
    good(tap.run(config))
    emulator.set(oauth={"refresh_token": NEW})
    emulator.clear_calls()

    good(tap.run(config | {"refresh_token": NEW}))

    assert [login["status"] for login in emulator.logins] == [200]


def test_the_configured_token_is_not_sent_when_the_stored_one_is_refused(emulator, tap, config):
    good(tap.run(config))
    emulator.clear_calls()
    emulator.fault(**EXPIRED)

    done = tap.run(config)

    refused(done, "invalid_grant", "authorize the app again", "refresh_token")
    assert len(emulator.logins) == 1
    assert not is_revoked(emulator)
    good(tap.run(config))


@pytest.mark.parametrize("error", ["inactive_user", "invalid_client", "invalid_scope", "x"])
def test_no_refusal_makes_the_configured_token_be_sent(emulator, tap, config, error):
    good(tap.run(config))
    emulator.clear_calls()
    emulator.set(oauth={"refuse_with": error})

    refused(tap.run(config), error)

    assert len(emulator.logins) == 1
    emulator.set(oauth={"refuse_with": None})
    good(tap.run(config))


def test_a_setting_that_is_changed_back_does_not_send_what_was_replaced(emulator, tap, config):
    good(tap.run(config))
    live = emulator.oauth.refresh_token
    emulator.set(oauth={"refresh_token": NEW})
    good(tap.run(config | {"refresh_token": NEW}))
    newer = emulator.oauth.refresh_token
    emulator.set(oauth={"refresh_token": live})

    good(tap.run(config))

    emulator.set(oauth={"refresh_token": newer})
    good(tap.run(config | {"refresh_token": NEW}))
    assert not is_revoked(emulator)


def test_a_token_copied_out_of_the_file_into_the_settings_goes_on_from_there(emulator, tap, config):
    good(tap.run(config))
    copied = config | {"refresh_token": emulator.oauth.refresh_token}

    for each in (copied, config, copied, config):
        good(tap.run(each))

    assert not is_revoked(emulator)


def test_pipelines_that_share_a_file_through_a_link_use_one_token(emulator, tap, config, stored):
    link = stored.with_name("link.json")
    link.symlink_to(stored)

    for path in (stored, link, stored):
        good(tap.run(config | {"token_file": str(path)}))

    assert link.is_symlink()
    assert not is_revoked(emulator)


def test_a_file_that_cannot_be_replaced_is_written_in_place(
    emulator, tap, config, stored, monkeypatch
):
    # As a file that is mounted into a container by itself.
    stored.write_text("")
    stored.chmod(0o644)

    def busy(*_: object) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    for _ in range(3):
        good(tap.run(config))

    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert [path.name for path in stored.parent.glob(".token-*")] == []
    assert not is_revoked(emulator)


@pytest.mark.parametrize("text", ["", "\n", "{}", "\ufeff{}"])
def test_an_empty_file_keeps_no_token(tap, config, stored, text):
    stored.write_text(text, encoding="utf-8")

    good(tap.run(config))
    good(tap.run(config))


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON",
        b'{"made_from": "x", "refresh_to',
        b'{"made_from": "x"}',
        b'{"made_from": "x", "refresh_token": null}',
        b'{"made_from": "x", "refresh_token": ""}',
        b'{"made_from": [], "refresh_token": "x"}',
        b'{"made_from": "x", "refresh_token": "x", "others": 1}',
        b"[]",
        b"null",
        b"\0" * 50,
        b"\xff\xfe\x00garbage",
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_ends_the_run_before_any_token_is_sent(
    emulator, tap, config, stored, content
):
    stored.write_bytes(content)

    refused(tap.run(config), "token_file", "refresh_token")

    assert emulator.logins == []
    assert stored.read_bytes() == content


@pytest.mark.parametrize("path", ["{folder}", "{file}/token.json", "{loop}"])
def test_a_path_that_cannot_be_a_file_ends_the_run_before_any_token_is_sent(
    emulator, tap, config, tmp_path, path
):
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    names = {"folder": tmp_path, "file": tmp_path / "file", "loop": tmp_path / "loop"}

    refused(tap.run(config | {"token_file": path.format(**names)}), "token_file cannot be ")

    assert emulator.logins == []


@pytest.mark.parametrize("name", ["{folder}/missing/token.json", "~nobody-here/token.json"])
def test_a_token_file_that_cannot_be_written_ends_the_run_before_any_token_is_sent(
    emulator, tap, config, tmp_path, name
):
    """Else the next run would send a token that was replaced, and Salesforce revoke everything."""
    refused(tap.run(config | {"token_file": name.format(folder=tmp_path)}), "cannot be written")

    assert emulator.logins == []


def test_a_home_folder_may_be_named(tap, config, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))

    good(tap.run(config | {"token_file": "~/token.json"}))

    assert (tmp_path / "token.json").exists()


def test_the_file_of_an_earlier_version_is_read(emulator, tap, config, stored):
    good(tap.run(config))
    stored.write_text(text_of(config["refresh_token"], emulator.oauth.refresh_token))

    good(tap.run(config))


# --- without a file ---


def test_without_a_token_file_a_rotation_is_a_warning_that_names_the_setting(emulator, tap, config):
    del config["token_file"]

    done = tap.run(config)

    good(done)
    warning = next(line for line in done.stderr.splitlines() if "rotated" in line)
    assert "token_file" in warning
    assert emulator.oauth.refresh_token not in done.stderr


@pytest.mark.parametrize("file", [True, False])
def test_a_login_on_the_way_sends_the_successor_or_nothing(emulator, tap, config, file):
    if not file:
        del config["token_file"]
    emulator.set(oauth={"expire_after_calls": 4})
    good(tap.run(config))
    assert len(emulator.logins) > 3
    assert {login["status"] for login in emulator.logins} == {200}


def test_a_login_on_the_way_that_is_refused_is_not_tried_again_by_others(emulator, tap, config):
    emulator.fault(object="list", change={"expire_tokens": True})
    emulator.fault(**EXPIRED, nth=2, times=None)

    done = tap.run(config)

    assert done.exit_code == 1
    assert "authorize the app again" in done.last_line
    assert len(emulator.logins) == 2
    assert not is_revoked(emulator)


def test_a_successor_that_could_not_be_written_is_used_on_the_way(
    emulator, tap, config, stored, monkeypatch
):
    good(tap.run(config))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(token_file, "_write_through", full)
    emulator.set(oauth={"expire_after_calls": 4})
    before = stored.read_text()
    done = tap.run(config)

    good(done)
    assert stored.read_text() == before
    assert "token_file could not be written (No space left on device)" in done.stderr
    assert not is_revoked(emulator)


# --- two runs at once ---


def test_runs_at_once_share_one_token_file(emulator, tap_process, config, tmp_path):
    emulator.set(oauth={"expire_after_calls": 3})
    emulator.fault(op="token", latency=0.3, times=None)
    runs = [Tap(tmp_path / str(number)) for number in range(2)]
    for each in runs:
        each.folder.mkdir()
        each.default_catalog = tap_process.default_catalog

    processes = [each.start(config) for each in runs]
    ended = [(process.communicate(timeout=60), process.returncode) for process in processes]

    for (out, err), code in ended:
        good(Finished(code, out, err))
    assert {login["status"] for login in emulator.logins} == {200}
    assert len(emulator.logins) > 6
    assert not is_revoked(emulator)


def test_a_token_that_another_run_has_put_there_meanwhile_is_used(emulator, tap, config, stored):
    """Where locks do not work."""
    stored.write_text(text_of(config["refresh_token"], "5Aep-replaced-just-now"))
    emulator.set(oauth={"refresh_token": "5Aep-of-another-run"})
    text = text_of(config["refresh_token"], "5Aep-of-another-run")
    original = token_file.TokenFile.load
    looks = []

    def load(self):
        looks.append(1)
        if len(looks) == 2:
            stored.write_text(text)
        return original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_file.TokenFile, "load", load)
        good(tap.run(config))

    assert [login["status"] for login in emulator.logins] == [400, 200]


def test_the_file_is_read_again_once_only(emulator, tap, config, monkeypatch):
    looks = []

    def load(_):
        looks.append(1)
        return f"5Aep-{len(looks)}"

    monkeypatch.setattr(token_file.TokenFile, "load", load)

    refused(tap.run(config), "invalid_grant")

    assert len(looks) == 2
    assert len(emulator.logins) == 2


def test_a_file_system_without_locks_is_a_warning(tap, config, monkeypatch):
    def nothing(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", nothing)

    done = tap.run(config)

    good(done)
    assert "token_file cannot be locked (Operation not supported)" in done.stderr


@pytest.mark.parametrize("where", ["a folder that takes no new file", "a container each"])
def test_runs_at_once_that_cannot_share_a_file_beside_it_lock_the_file(  # noqa: PLR0913, PLR0917
    emulator, tap_process, config, stored, tmp_path, where
):
    stored.write_text("")
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        os.link(stored, folder / "token.json")
        if where.startswith("a folder"):
            (folder / "token.json.lock").mkdir()

    tokens = [TokenFile(str(folder / "token.json"), "x") for folder in (first, second)]
    with tokens[0].locked():
        process = tap_process.start(config | {"token_file": str(second / "token.json")})
        waited = any("Waiting for another run" in line for line in process.stderr)
        process.kill()
        process.communicate(timeout=30)

    assert waited
    assert emulator.logins == []


def test_a_lock_is_waited_for_a_minute_and_then_it_is_an_outage(
    emulator, tap, config, stored, monkeypatch
):
    clock = type("Clock", (), {"now": 0.0, "monotonic": lambda _: clock.now})()
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        clock.now += seconds

    clock.sleep = sleep
    monkeypatch.setattr(token_file, "time", clock)
    state = {"bookmarks": {"lists": {"replication_key_value": "2024-01-01T00:00:00+00:00"}}}
    with held(stored):
        done = tap.run(config, state=state)

    assert done.exit_code == 2
    assert "token_file" in done.last_line
    assert "60 seconds" in done.last_line
    assert 59 <= sum(slept) <= 61
    assert max(slept) <= 0.5
    assert emulator.logins == []
    assert done.state["bookmarks"]["lists"] == state["bookmarks"]["lists"]


def test_a_lock_that_becomes_free_is_taken(tap_process, config, stored):
    with held(stored):
        process = tap_process.start(config)
        for line in process.stderr:
            if "Waiting for another run" in line:
                break
    out, err = process.communicate(timeout=30)

    good(Finished(process.returncode, out, err))


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait_for_the_lock(emulator, tap_process, config, stored, signum):
    with held(stored):
        process = tap_process.start(config)
        for line in process.stderr:
            if "Waiting for another run" in line:
                break
        sent = time.monotonic()
        process.send_signal(signum)
        _, err = process.communicate(timeout=30)
        took = time.monotonic() - sent

    assert process.returncode == 128 + signum
    assert took < 5
    assert "Traceback" not in err
    assert emulator.logins == []


# --- answers that are lost ---

LOST = [{"truncate": 10}, {"truncate": 0}]


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("file", [True, False])
def test_a_refresh_token_that_may_be_lost_is_reported(emulator, tap, config, fault, file):
    if not file:
        del config["token_file"]
    emulator.fault(op="token", **fault)

    done = tap.run(config)

    refused(done, "an earlier answer was lost", "authorize the app again")
    assert len(emulator.logins) == 2


@pytest.mark.parametrize(
    "fault",
    [{"reset": True}, {"status": 504, "html": True}, {"status": 200, "body": "cut"}, {"hang": 9}],
    ids=str,
)
def test_without_an_answer_the_same_token_is_sent_again(emulator, tap, config, fault):
    emulator.fault(op="token", times=2, **fault)

    good(tap.run(config | {"request_timeout": 1}))

    assert len(emulator.logins) == 3
    good(tap.run(config))


@pytest.mark.parametrize("fault", [{"reset": True}, {"status": 502, "html": True}], ids=str)
def test_it_is_not_sent_again_after_a_refusal_that_follows_a_lost_answer(
    emulator, tap, config, fault
):
    good(tap.run(config))
    emulator.clear_calls()
    emulator.fault(op="token", **fault)
    emulator.fault(**BUSY, nth=2)

    done = tap.run(config)

    refused(done, "an earlier answer was lost")
    assert len(emulator.logins) == 2


def test_a_refusal_without_a_lost_answer_does_not_speak_of_one(emulator, tap, config):
    emulator.fault(op="token", status=503)
    emulator.fault(**EXPIRED, nth=2)

    done = tap.run(config)

    refused(done, "invalid_grant")
    assert "lost" not in done.last_line


def test_a_new_refresh_token_counts_also_where_no_access_token_came_with_it(emulator, tap, config):
    emulator.set(oauth={"refresh_token": NEW})
    body = json.dumps({"refresh_token": NEW})
    emulator.fault(op="token", status=200, body=body)

    good(tap.run(config | {"refresh_token": "5Aep-before"}))

    assert [login["status"] for login in emulator.logins] == [200, 200]


def test_an_unreadable_state_is_reported_without_its_content(tmp_path):
    path = tmp_path / "secret.json"
    path.write_text('{"password": "hunter2"}')

    with pytest.raises(ConfigurationError) as caught:
        TokenFile(str(path), "x").load()

    assert "hunter2" not in str(caught.value)


# --- signals while the answer is on its way ---


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("earlier", [False, True], ids=["first run", "later run"])
def test_a_signal_does_not_lose_the_successor(  # noqa: PLR0913, PLR0917
    emulator, tap, tap_process, config, monkeypatch, signum, earlier
):
    if earlier:
        good(tap.run(config))
    exchange = emulator.issuer.exchange
    replaced = threading.Event()

    def slow(*arguments):
        answer = exchange(*arguments)
        replaced.set()
        time.sleep(1)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(emulator.issuer, "exchange", slow)
        process = tap_process.start(config)
        assert replaced.wait(20)
        process.send_signal(signum)
        out, err = process.communicate(timeout=30)

    run = Finished(process.returncode, out, err)
    assert run.exit_code == 128 + signum
    assert "Traceback" not in err
    assert run.last_line.startswith("Stopped by SIG")
    good(tap.run(config))
    assert not is_revoked(emulator)


def test_a_login_that_hangs_does_not_keep_a_signal_for_long(emulator, tap_process, config):
    emulator.fault(op="token", hang=60)
    process = tap_process.start(config)
    while not emulator.logins:
        time.sleep(0.02)
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    assert process.returncode == 143
    assert time.monotonic() - sent < 10
