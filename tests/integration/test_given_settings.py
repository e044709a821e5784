"""Settings as people and environments give them: blanks, texts, misspelt names, BATCH."""

from __future__ import annotations

import json

import pytest

from tests.helpers.catalog import select
from tests.helpers.runner import invoke
from tests.integration.test_settings import sentences

pytestmark = pytest.mark.usefixtures("queries_only")

BATCH = {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": "file:///tmp"}}


@pytest.mark.parametrize(
    ("name", "value", "beginning"),
    [
        ("request_timeout", "30s", "request_timeout must be a whole number from 1 to 3600."),
        ("is_sandbox", "perhaps", "is_sandbox must be true or false."),
        ("stream_maps", '{"lists": hunter2', "stream_maps must be a JSON object."),
        ("flattening_max_depth", "two", "flattening_max_depth must be a whole number of at "),
    ],
)
def test_a_bad_value_is_one_sentence_from_the_environment_and_from_a_file(
    emulator, tap, name, value, beginning
):
    given = {**emulator.environment, f"TAP_PARDOT_{name.upper()}": value}
    runs = [invoke("--config", "ENV", env=given), tap.run(emulator.config | {name: value})]

    for run in runs:
        assert run.exit_code == 1
        assert run.stdout == ""
        assert sentences(run)[0].startswith(beginning)
        assert "Nothing was read: correct the setting named above" in run.last_line
        assert "hunter2" not in run.stderr
        assert "Traceback" not in run.stderr
    assert emulator.calls == emulator.logins == []


def test_blanks_around_secrets_and_addresses_do_not_matter(emulator, tap):
    emulator.add("list", [{"id": 1}])
    config = {
        name: f" {value}\r\n" if isinstance(value, str) else value
        for name, value in emulator.config.items()
    }

    run = tap.run(config, catalog=select("lists"))

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1]


@pytest.mark.parametrize("arguments", [(), ("--discover",), ("--test",)])
def test_unknown_settings_are_one_warning_without_their_values(emulator, tap, arguments):
    strange = {
        "strat_date": "hunter2",
        "user_key": "hunter2",
        "colour": ["hunter2"],
        "stream_maps": {},
        "_select": "*.*",
        "nothing": None,
    }

    run = tap.run(emulator.config | strange, *arguments)

    assert run.exit_code == 0, run.stderr
    (warning,) = [line for line in run.stderr.splitlines() if "Unknown settings" in line]
    assert "| WARNING" in warning
    assert warning.endswith(
        "Unknown settings are ignored: colour, strat_date (did you mean start_date?), user_key "
        "(Pardot's old login is gone)."
    )
    assert "hunter2" not in run.stderr


def test_a_misspelt_variable_of_the_environment_is_an_unknown_setting(emulator):
    given = {
        **emulator.environment,
        "TAP_PARDOT_BULK_SORCE": "query",
        "TAP_PARDOT_LOGLEVEL": "INFO",
    }
    given["TAP_PARDOT_BULK_SOURCE"] = "query"

    run = invoke("--config", "ENV", env=given)

    assert run.exit_code == 0, run.stderr
    assert "are ignored: bulk_sorce (did you mean bulk_source?)." in run.stderr


@pytest.mark.parametrize("arguments", [(), ("--discover",), ("--test",)])
def test_batch_config_is_refused_before_any_call(emulator, tap, arguments):
    runs = [
        tap.run(emulator.config | {"batch_config": BATCH}, *arguments),
        invoke(
            "--config",
            "ENV",
            *arguments,
            env={**emulator.environment, "TAP_PARDOT_BATCH_CONFIG": json.dumps(BATCH)},
        ),
    ]

    for run in runs:
        assert run.exit_code == 1
        assert run.stdout == ""
        assert sentences(run)[0].startswith("batch_config must not be set: ")
    assert emulator.calls == emulator.logins == []


@pytest.mark.parametrize("empty", [None, {}, ""])
def test_a_batch_config_that_is_empty_is_as_good_as_none(emulator, tap, empty):
    emulator.add("list", [{"id": 1}])

    run = tap.run(emulator.config | {"batch_config": empty}, catalog=select("lists"))

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1]
    assert {message["type"] for message in run.messages} == {"SCHEMA", "RECORD", "STATE"}


def test_what_the_sdk_refuses_in_stream_maps_is_named_without_its_value(emulator, tap):
    run = tap.run(emulator.config | {"stream_maps": {"lists": "hunter2", "tags": {"name": 5}}})

    assert run.exit_code == 1
    assert run.stdout == ""
    assert any(each.startswith("stream_maps: lists must be an object") for each in sentences(run))
    assert "hunter2" not in run.stderr
    assert emulator.calls == []
