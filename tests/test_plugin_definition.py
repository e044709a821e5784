"""The plugin definition for Meltano and the entry in ``meltano.yml`` declare what the tap has.

``test_tables.py`` compares both with the code.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tap_pardot.config.validation import normalized, problems, with_defaults
from tests.helpers.tables.plugin import DEFINITION, PROJECT

KINDS = {
    "boolean": "boolean",
    "integer": "integer",
    "options": "string",
    "object": "object",
    "array": "array",
    "string": "string",
    "password": "string",
    "date_iso8601": "string",
}
"""By Meltano's kind of a setting, the type of its value."""


def entries():
    """Return the plugin definition, and the extractor's entry in ``meltano.yml``."""
    project = yaml.safe_load(PROJECT.read_text(encoding="utf-8"))
    (entry,) = project["plugins"]["extractors"]
    return {"definition": yaml.safe_load(DEFINITION.read_text(encoding="utf-8")), "entry": entry}


@pytest.fixture(params=entries().values(), ids=entries().keys())
def entry(request):
    """Give one of the two."""
    return request.param


@pytest.fixture(scope="module")
def private_key():
    """Give a new RSA key in PEM form."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def test_all_settings_that_the_command_knows_are_declared(entry):
    """Meltano ignores a line of ``.env`` for any other setting, and nothing warns of it."""
    command = [sys.executable, "-m", "tap_pardot", "--about", "--format=json"]
    about = json.loads(subprocess.check_output(command))

    declared = {
        each["name"]: (
            KINDS[each["kind"]],
            each.get("sensitive", False),
            each.get("value"),
            each["description"],
        )
        for each in entry["settings"]
    }
    assert declared == {
        name: (
            each["type"][0],
            each.get("secret", False),
            each.get("default"),
            each["description"],
        )
        for name, each in about["settings"]["properties"].items()
    }
    assert sorted(entry["capabilities"]) == sorted(about["capabilities"])


def test_the_hosts_have_no_default_because_they_follow_is_sandbox(entry):
    values = {each["name"]: each.get("value") for each in entry["settings"]}

    assert values["login_url"] is values["api_url"] is None
    assert values["is_sandbox"] is False


def test_secrets_are_passwords(entry):
    secret = {each["name"] for each in entry["settings"] if each.get("sensitive")}

    assert secret == {"client_secret", "refresh_token", "password", "private_key"}
    assert all(
        (each["kind"] == "password") == (each["name"] in secret) for each in entry["settings"]
    )


def test_values_are_the_defaults_of_the_tap(entry):
    values = {each["name"]: each["value"] for each in entry["settings"] if "value" in each}

    assert values == with_defaults({})


def test_each_group_of_settings_is_a_login_that_the_tap_accepts(entry, private_key):
    values = {"pardot_business_unit_id": "0Uv000000000001AAA", "private_key": private_key}
    groups = entry["settings_group_validation"]

    assert len(groups) == 4
    for group in groups:
        config = {name: values.get(name, "x") for name in group}
        assert problems(normalized(config)) == []
        for name in group:
            less = {each: config[each] for each in group if each != name}
            assert problems(normalized(less)) != [], f"{name} is not needed"


def test_the_app_of_a_login_may_be_an_external_client_app(entry):
    described = {each["name"]: each["description"] for each in entry["settings"]}

    for text in described.values():
        assert "connected app" not in text or "External Client App" in text


def test_the_definition_may_be_sent_to_meltano_hub():
    definition = entries()["definition"]

    assert {"variant", "quality", "maintenance_status", "pip_url"} <= definition.keys()
    # The hub forbids other keys, and select is not kept by meltano add.
    assert "select" not in definition
    assert definition["settings"] == sorted(definition["settings"], key=lambda each: each["name"])
    allowed = {"name", "aliases", "label", "value", "kind", "description", "options", "sensitive"}
    assert all(each.keys() <= allowed for each in definition["settings"])
