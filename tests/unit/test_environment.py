"""Settings from the environment and unknown ones: named in one sentence, without their values."""

from __future__ import annotations

import pytest

from tap_pardot.config.environment import environment, unknown
from tap_pardot.config.schema import KINDS
from tap_pardot.config.validation import normalized, problems
from tap_pardot.errors import ConfigurationError

PREFIX = "TAP_PARDOT_"
GOOD = {
    "pardot_business_unit_id": "0UvEMULATOR0000001",
    "client_id": "app",
    "refresh_token": "hunter2",
    "timezone": "America/New_York",
}


@pytest.fixture
def set_in_environment(monkeypatch):
    """Give a function that sets variables, and returns what is wrong with the settings."""
    for name in KINDS:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)

    def found(**settings):
        for name, value in settings.items():
            monkeypatch.setenv(PREFIX + name.upper(), value)
        return problems(normalized(GOOD | environment(PREFIX)))

    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request_timeout", "30s"),
        ("request_timeout", "1e3"),
        ("request_timeout", "9" * 5000),
        ("daily_call_limit", "25,000"),
        ("lookback_seconds", "-5"),
        ("api_version", "v4"),
        ("max_concurrent_requests", "4.0"),
        ("is_sandbox", "maybe"),
        ("flattening_enabled", "2"),
        ("flattening_max_depth", "deep"),
        ("stream_maps", "{not JSON hunter2"),
        ("stream_maps", '["hunter2"]'),
        ("stream_maps", "[" * 100_000),
        ("stream_map_config", "hunter2"),
        ("faker_config", '"hunter2"'),
        ("timezone", "New York"),
        ("start_date", "yesterday"),
        ("client_secret", "hunter2\udcff"),
        ("batch_config", '{"encoding": {"format": "jsonl"}}'),
        ("batch_config", "hunter2"),
    ],
)
def test_a_bad_value_in_the_environment_gets_the_sentence_of_a_file(
    set_in_environment, name, value
):
    found = set_in_environment(**{name: value})

    assert found == problems(normalized({**GOOD, name: value}))
    (sentence,) = found
    assert sentence.startswith(f"{name} ")
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("request_timeout", " 30\n", 30),
        ("is_sandbox", "Yes", True),
        ("is_sandbox", "1", True),
        ("is_sandbox", "off", False),
        ("stream_maps", '{"lists": {"name": null}}', {"lists": {"name": None}}),
        ("stream_maps", " null ", None),
        ("client_secret", "\tsecret\r\n", "secret"),
        ("username", " \n", None),
        ("start_date", "  ", None),
        ("batch_config", "{}", None),
        ("batch_config", "null", None),
        ("batch_config", " ", None),
        ("pardot_api_url", " https://a ", None),
    ],
)
def test_a_good_value_in_the_environment_is_taken(set_in_environment, name, value, meant):
    assert set_in_environment(**{name: value}) == []
    assert normalized(environment(PREFIX)).get(name) == meant


def test_variables_of_no_setting_are_unknown_settings_too(set_in_environment, monkeypatch):
    set_in_environment(strat_date="hunter2", loglevel="DEBUG", _select="*.*")
    monkeypatch.setenv("TAP_OTHER_CLIENT_ID", "x")

    assert unknown(environment(PREFIX)) == (
        "Unknown settings are ignored: strat_date (did you mean start_date?)."
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("pardot_busines_unit_id", "did you mean pardot_business_unit_id?"),
        ("business_unit_id", "did you mean pardot_business_unit_id?"),
        ("Start-Date", "did you mean start_date?"),
        ("startDate", "did you mean start_date?"),
        ("stream_map", "did you mean stream_maps?"),
        ("access_token", "the tap gets its own tokens"),
        ("user_key", "Pardot's old login is gone"),
        ("email", "Pardot's old login is gone, see username"),
    ],
)
def test_an_unknown_setting_is_named_with_the_nearest_known_one(name, hint):
    assert unknown([name]) == f"Unknown settings are ignored: {name} ({hint})."


def test_all_unknown_settings_are_one_sentence():
    assert unknown(["zebra\n", "colour", "client_ids"]) == (
        "Unknown settings are ignored: client_ids (did you mean client_id?), colour, zebra?."
    )


def test_settings_of_the_sdk_and_of_meltano_are_not_unknown():
    known = [*KINDS, "pardot_api_url", "batch_config", "_select", "_catalog", "add_record_metadata"]
    assert unknown(known) is None
    assert {"stream_maps", "faker_config", "flattening_separator"} <= set(known)
    assert unknown([]) is None


@pytest.mark.parametrize("data", [b"\xff\xfeT\0A\0P\0", b"TAP_PARDOT_TIMEZONE=caf\xe9"])
def test_a_dotenv_file_that_cannot_be_read_is_a_sentence(monkeypatch, tmp_path, data):
    path = tmp_path / ".env"
    path.write_bytes(data)
    monkeypatch.setattr(
        "singer_sdk.configuration._dict_config.find_dotenv", lambda: str(path), raising=True
    )

    with pytest.raises(ConfigurationError, match=r"The \.env file cannot be read: "):
        environment(PREFIX)
