"""Files come from all kinds of editors and shells: all of Unicode is read, the rest is named."""

from __future__ import annotations

import codecs
import io
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_pardot.config.files import OptionFile, json_of, settings_of
from tap_pardot.errors import ConfigurationError

TEXT = '{"client_id": "hunter2 é \N{GRINNING FACE}",\n "list": [1, 2]}'
SECRET = "hunter2"
ENCODED = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a mark": TEXT.encode("utf-8-sig"),
    "UTF-8 with two marks": codecs.BOM_UTF8 + TEXT.encode("utf-8-sig"),
    "UTF-16 LE with a mark": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16 BE with a mark": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "UTF-16 LE": TEXT.encode("utf-16-le"),
    "UTF-16 BE": TEXT.encode("utf-16-be"),
    "UTF-32 LE with a mark": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    "UTF-32 BE with a mark": codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    "UTF-32": TEXT.encode("utf-32-be"),
}
OPTIONS = ("--config", "--catalog", "--state")


def message_of(option, path):
    with pytest.raises(ConfigurationError) as error:
        json_of(option, OptionFile(option, str(path)))
    sentence = str(error.value)
    assert sentence.startswith(f"{option}: ")
    assert sentence.endswith(".")
    assert SECRET not in sentence
    return sentence


@pytest.mark.parametrize("name", ENCODED)
def test_all_encodings_of_unicode_are_read(tmp_path, name):
    path = tmp_path / "file.json"
    path.write_bytes(ENCODED[name])

    assert json_of("--state", OptionFile("--state", str(path))) == json.loads(TEXT)


@pytest.mark.parametrize(
    "data",
    [b"", b" \r\n\t", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, "\ufeff\r\n".encode("utf-16-be")],
)
def test_an_empty_file_is_an_empty_object(tmp_path, data):
    path = tmp_path / "file.json"
    path.write_bytes(data)

    assert json_of("--config", OptionFile("--config", str(path))) == {}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b'{"a": "hunter2",\n  "b" 1}', "line 2, column 7"),
        (codecs.BOM_UTF8 + b'{"a": hunter2}', "line 1, column 7"),
        ('{\n\n"hunter2"\n'.encode("utf-16"), "line 4"),
        (b'{"a": "hunter2"} {"b": 1}', "line 1, column 18"),
        (b'{"a": "hunter2",\n "b": "caf\xe9"}', "UTF-8, UTF-16 or UTF-32 (line 2)"),
        (codecs.BOM_UTF16_LE + b"{\0\0", "UTF-8, UTF-16 or UTF-32"),
        (b"\x1f\x8b\x08\0hunter2", "UTF-8, UTF-16 or UTF-32 (line 1)"),
        (b"a: hunter2\n", "line 1, column 1"),
        (b"[" * 200_000, "nested too deep"),
        (b"[" + b"9" * 5000 + b"]", "number that is too long"),
    ],
)
def test_what_is_no_json_is_named_with_its_place(tmp_path, option, data, where):
    path = tmp_path / "some file.json"
    path.write_bytes(data)

    sentence = message_of(option, path)

    assert str(path) in sentence
    assert where in sentence


@pytest.mark.parametrize("option", OPTIONS)
def test_a_file_that_cannot_be_read_is_named(tmp_path, option):
    for path, why in (
        (tmp_path, "Is a directory"),
        (tmp_path / "missing.json", "No such file"),
        (tmp_path / ("long" * 100), "File name too long"),
        ("a\0b", "not a path"),
    ):
        sentence = message_of(option, path)
        assert str(path) in sentence
        assert why in sentence


@pytest.mark.parametrize("text", ['{"client_secret": "hunter2"}', ' [{"password": "hunter2"}]'])
def test_settings_in_place_of_a_path_are_not_shown(text):
    assert "takes the path of a file" in message_of("--config", text)


def test_later_settings_override_earlier_ones_and_a_file_without_an_object_is_named(tmp_path):
    first, second, third = (tmp_path / name for name in ("1.json", "2.json", "3.json"))
    first.write_bytes(b'{"a": 1, "b": 1}')
    second.write_bytes('{"b": 2.5}'.encode("utf-16"))
    third.write_bytes(b'["hunter2"]')

    assert settings_of((str(first), str(second))) == {"a": 1, "b": 2.5}
    with pytest.raises(ConfigurationError, match=r"3\.json does not hold a JSON object"):
        settings_of((str(first), str(third)))


def test_an_open_file_is_read_too():
    assert json_of("--state", io.StringIO('\ufeff{"a": 1}')) == {"a": 1}


@given(st.binary(max_size=40))
def test_any_bytes_are_json_or_a_sentence(data):
    with suppress(ConfigurationError):
        json_of("--catalog", io.BytesIO(data))
