"""--discover: the standard catalog without settings; with wrong ones, what a run says of them."""

from __future__ import annotations

import json

import pytest

from tests.helpers.catalog import select
from tests.helpers.runner import invoke
from tests.integration.test_settings import GOOD, sentences

pytestmark = pytest.mark.usefixtures("queries_only")

WRONG = {
    "the business unit": {"pardot_business_unit_id": "0Xv1"},
    "two settings": {"timezone": "Mars/Olympus", "max_concurrent_requests": 9},
    "no login": {"client_id": None, "client_secret": None, "refresh_token": None},
    "only a default of Meltano's": dict.fromkeys(GOOD) | {"api_version": 4},
    "the form of stream maps": {"stream_maps": {"lists": "all"}},
}


def listed(run):
    """Return the names of the streams in a catalog."""
    return [each["tap_stream_id"] for each in json.loads(run.stdout)["streams"]]


@pytest.mark.parametrize("content", [None, "{}", "", '{"timezone": null, "start_date": " "}'])
def test_without_any_setting_there_is_the_standard_catalog(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content or "")

    run = invoke(*(() if content is None else ("--config", str(path))), "--discover")

    assert run.exit_code == 0, run.stderr
    assert len(listed(run)) == 29
    assert "| WARNING" not in run.stderr
    assert "| ERROR" not in run.stderr


def test_an_environment_without_settings_is_none():
    run = invoke("--config", "ENV", "--discover", env={"TAP_PARDOT_CLIENT_ID": ""})

    assert run.exit_code == 0, run.stderr
    assert len(listed(run)) == 29
    assert "| WARNING" not in run.stderr


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_wrong_settings_get_the_sentences_of_a_run(emulator, tap, changes):
    config = {k: v for k, v in {**emulator.config, **changes}.items() if v is not None}
    if "api_version" in changes:
        config = {"api_version": 4}

    run, discovery = tap.run(config), tap.run(config, "--discover")

    assert discovery.exit_code == run.exit_code == 1
    assert discovery.stdout == ""
    assert sentences(discovery) == sentences(run) != []
    assert emulator.calls == emulator.logins == []


def test_wrong_settings_of_the_environment_get_them_too(emulator):
    env = {**emulator.environment, "TAP_PARDOT_REQUEST_TIMEOUT": "30s"}

    run = invoke("--config", "ENV", "--discover", env=env)

    assert run.exit_code == 1
    assert run.stdout == ""
    assert sentences(run)[0].startswith("request_timeout must be a whole number")


@pytest.mark.parametrize(
    "changes",
    [{"refresh_token": "revoked"}, {"client_secret": "wrong"}, {"client_id": "unheard of"}],
    ids=["refresh_token", "client_secret", "client_id"],
)
def test_a_login_that_is_refused_gets_the_sentence_of_a_run(emulator, tap, changes):
    config = emulator.config | changes

    run = tap.run(config, catalog=select("lists"))
    discovery = tap.run(config, "--discover")

    assert run.exit_code == discovery.exit_code == 1
    assert discovery.stdout == ""
    assert discovery.last_line == run.last_line.removeprefix("Stopped after 0 rows: ")


@pytest.mark.parametrize("code", [184, 201])
def test_a_refused_business_unit_gets_the_sentence_of_a_run(emulator, tap, code):
    for object_ in ("account", "customField"):
        emulator.fault(object=object_, code=code, times=None)

    run = tap.run(emulator.config, catalog=select("lists"))
    discovery = tap.run(emulator.config, "--discover")

    assert run.exit_code == discovery.exit_code == 1
    assert discovery.stdout == ""
    assert discovery.last_line == run.last_line.removeprefix("Stopped after 0 rows: ")


def test_right_settings_list_all_streams(emulator, tap):
    run = tap.run(emulator.config, "--discover")

    assert run.exit_code == 0, run.stderr
    assert len(listed(run)) == 29
