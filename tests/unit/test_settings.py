"""Settings come from people: whatever they hold, the answer is a list of sentences, no surprise."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_pardot.config.schema import DECLARED, KINDS, SETTINGS
from tap_pardot.config.validation import (
    endpoints,
    is_zone,
    normalized,
    problems,
    schema_problems,
    with_defaults,
)

NOW = datetime(2024, 6, 1, tzinfo=UTC)
SECRET = "hunter2"
GOOD = {
    "pardot_business_unit_id": "0UvEMULATOR0000001",
    "client_id": "app",
    "refresh_token": SECRET,
    "timezone": "America/New_York",
}
NAMES = sorted([*KINDS, "pardot_api_url", "something_else"])


def pem_of(key, encryption=None):
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()
    ).decode()


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = {
    "RSA": pem_of(RSA),
    "RSA in an environment variable": pem_of(RSA).replace("\n", "\\n"),
    "encrypted": pem_of(RSA, BestAvailableEncryption(b"x")),
    "EC": pem_of(ec.generate_private_key(ec.SECP256R1())),
    "text": "-----BEGIN PRIVATE KEY-----\nno key\n-----END PRIVATE KEY-----",
    "empty": "x",
}


def found(**changes):
    return problems(normalized({**GOOD, **changes}), NOW)


@pytest.mark.parametrize("name", KEYS)
def test_a_private_key_is_an_rsa_key_that_can_be_read(name):
    problems_found = found(refresh_token=None, username="ada@example.com", private_key=KEYS[name])

    assert bool(problems_found) is not name.startswith("RSA")
    assert all("private_key" in sentence for sentence in problems_found)


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        ("2024-05-31", None, 0),
        ("2024-06-01T00:00:00Z", None, 0),
        ("2024-06-01T00:00:01Z", None, 1),
        ("2024-06-01T01:00:00+02:00", None, 0),
        (None, "2030-01-01", 0),
        ("2024-01-02", "2024-01-02", 1),
        ("2024-01-02", "2024-01-03", 0),
        ("2024-02-30", "yesterday", 2),
        (" 2024-01-01 ", None, 0),
    ],
)
def test_a_start_lies_in_the_past_and_before_the_end(start, end, wrong):
    assert len(found(start_date=start, end_date=end)) == wrong


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("America/New_York", True),
        ("UTC", True),
        ("America", False),
        ("Nowhere/Town", False),
        ("../../etc/passwd", False),
        ("/etc/passwd", False),
        ("a\0b", False),
        ("\ud800", False),
        ("EST5EDT4", False),
    ],
)
def test_a_zone_is_one_that_exists(name, zone):
    assert is_zone(name) is zone


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"api_version": "3"}, {"api_version": 3}),
        ({"api_version": " 3 "}, {"api_version": 3}),
        ({"api_version": "three"}, {"api_version": "three"}),
        ({"api_version": "٣"}, {"api_version": "٣"}),
        ({"is_sandbox": " True "}, {"is_sandbox": True}),
        ({"is_sandbox": "no"}, {"is_sandbox": False}),
        ({"is_sandbox": "ON "}, {"is_sandbox": True}),
        ({"is_sandbox": "perhaps"}, {"is_sandbox": "perhaps"}),
        ({"timezone": "", "start_date": None}, {}),
        ({"pardot_api_url": "https://a"}, {"api_url": "https://a"}),
        ({"pardot_api_url": "https://a", "api_url": "https://b"}, {"api_url": "https://b"}),
        ({"something_else": 1}, {"something_else": 1}),
        ({"include": '["a", " b.c "]'}, {"include": ["a", "b.c"]}),
        ({"include": " a, b.c ,"}, {"include": ["a", "b.c"]}),
        ({"include": "a"}, {"include": ["a"]}),
        ({"include": [" a ", "b.c"]}, {"include": ["a", "b.c"]}),
        ({"include": " , "}, {}),
        ({"include": "[a, b"}, {"include": "[a, b"}),
    ],
)
def test_settings_of_an_environment_become_what_they_mean(given_, expected):
    assert normalized(given_) == expected


def test_an_alias_counts_when_the_setting_itself_is_blank():
    assert normalized({"pardot_api_url": "https://a", "api_url": ""}) == {"api_url": "https://a"}


def test_the_hosts_follow_is_sandbox():
    assert endpoints({}) == ("https://login.salesforce.com", "https://pi.pardot.com")
    assert endpoints({"is_sandbox": True}) == (
        "https://test.salesforce.com",
        "https://pi.demo.pardot.com",
    )
    assert endpoints({"is_sandbox": True, "api_url": "https://a"})[1] == "https://a"


@pytest.mark.parametrize("value", [[], {}, 4.0, True, "v4", 6, "five", None])
def test_an_api_version_is_three_four_or_five(value):
    assert len(found(api_version=value)) == (value is not None)


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 10)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["https://[", "http://x:y", "2024-01-01", "0001-01-01", "9999-12-31", SECRET]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=3,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(NAMES), ANY))
def test_any_settings_get_sentences_and_no_error(config):
    for sentence in problems(normalized(config), NOW):
        assert sentence.endswith(".")
        assert re.sub(r'"[^"]*"', "name", sentence).count(". ") == 0
        assert SECRET not in sentence


@settings(max_examples=100)
@given(
    st.sampled_from(["client_secret", "refresh_token", "password", "private_key", "username"]),
    st.text(st.characters(codec="ascii", categories=["L"]), min_size=12).map(lambda t: "zq" + t),
)
def test_no_sentence_repeats_what_a_secret_holds(name, value):
    for config in ({name: value}, {**GOOD, name: value}, {**GOOD, name: [value]}):
        assert value not in " ".join(problems(normalized(config), NOW))


TEXTS = sorted(name for name, kind in KINDS.items() if kind == "string")


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "around",
    [" {} ", "{}\n", "\r\n\t{}\r\n", "\xa0{}", "\ufeff{}\r\n", "\n\ufeff {}", "\u200b{}\u200b\n"],
)
def test_blanks_and_line_ends_around_any_text_are_stripped(name, around):
    assert normalized({name: around.format("in the\nmiddle")}) == {name: "in the\nmiddle"}
    assert normalized({name: around.format("")}) == {}


def test_a_private_key_keeps_its_inner_lines():
    key = f"\n  {KEYS['RSA']}\n\n"
    assert found(refresh_token=None, username=" ada@example.com\n", private_key=key) == []


@pytest.mark.parametrize(
    "value",
    [
        {"encoding": {"format": "jsonl"}, "storage": {"root": "file:///tmp"}},
        {"storage": {}},
        '{"encoding": {"format": "jsonl"}}',
        "jsonl",
        ["jsonl"],
        True,
    ],
)
def test_batch_config_is_refused_in_every_form(value):
    (sentence,) = found(batch_config=value)
    assert sentence.startswith("batch_config must not be set: ")


@pytest.mark.parametrize("value", [None, {}, "", " ", "{}", "null", [], False])
def test_an_empty_batch_config_is_none(value):
    assert found(batch_config=value) == []
    assert "batch_config" not in normalized({"batch_config": value})


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "caf\udce9"])
def test_a_text_that_cannot_be_sent_is_named(value):
    for name in ("client_secret", "username", "timezone", "token_file", "api_url"):
        assert f"{name} must be a string in UTF-8 without NUL characters." in found(**{name: value})


def test_flattening_needs_a_depth():
    assert found(flattening_enabled=True) == [
        "flattening_max_depth is missing: flattening_enabled needs it."
    ]
    assert found(flattening_enabled="true", flattening_max_depth="2") == []


def test_a_value_that_does_not_fit_the_sdks_schema_is_named_but_not_shown():
    config = {"stream_maps": {"lists": "hunter2"}}
    schema = {
        "properties": {
            "stream_maps": {"additionalProperties": {"type": "object"}},
            "api_version": {"default": 4},
        }
    }

    (sentence,) = schema_problems(schema, config)
    assert sentence.startswith("stream_maps.lists does not have the form that the SDK's ")
    assert "hunter2" not in sentence
    assert config == {"stream_maps": {"lists": "hunter2"}}


def test_a_default_is_set_where_there_is_no_value():
    assert with_defaults({"api_version": 3})["api_version"] == 3
    assert with_defaults({})["api_version"] == 4
    assert "daily_call_limit" not in with_defaults({})


@pytest.mark.parametrize("name", sorted(name for name, kind in KINDS.items() if kind == "integer"))
def test_an_integer_is_refused_outside_of_its_declared_range_only(name):
    declared = DECLARED[name]
    allowed = declared.get("enum") or [declared["minimum"], declared.get("maximum", 10**9)]
    assert [sentence for value in allowed for sentence in found(**{name: value})] == []

    beyond = [allowed[0] - 1, *([allowed[-1] + 1] if "minimum" not in declared else [])]
    for value in [*beyond, True, 4.0, "four", [4]]:
        (sentence,) = found(**{name: value})
        assert sentence.startswith(f"{name} must be ")
        assert all(str(edge) in sentence for edge in (allowed if "maximum" in declared else []))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("api_version", 6, "api_version must be 3, 4 or 5."),
        ("include", "[emails", 'include must be a list of names, such as ["emails.message_html"].'),
        ("bulk_source", "both", "bulk_source must be auto, export or query."),
        ("user_agent", "caf\xe9", "user_agent must be one line of plain ASCII."),
        ("user_agent", "a\nb", "user_agent must be one line of plain ASCII."),
        ("client_id", 5, "client_id must be a string."),
        (
            "pardot_business_unit_id",
            "0UvEMULATOR0000001\n2",
            "pardot_business_unit_id must be 18 letters and digits that start with 0Uv.",
        ),
        ("request_timeout", 0, "request_timeout must be a whole number from 1 to 3600."),
        ("daily_call_limit", 0, "daily_call_limit must be a whole number of at least 1."),
        ("flattening_max_depth", -1, "flattening_max_depth must be a whole number of at least 0."),
    ],
)
def test_a_wrong_value_is_one_sentence_that_says_what_is_right(name, value, sentence):
    assert found(**{name: value}) == [sentence]


def test_the_defaults_fit_the_schema():
    assert found(**with_defaults({})) == []
    assert SETTINGS["required"] == ["pardot_business_unit_id"]
