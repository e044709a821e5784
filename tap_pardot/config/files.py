"""Reads the JSON files of the options --config, --catalog and --state, in any Unicode encoding.

An error names the option, the file and the line. It never shows content, which may be a secret.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tap_pardot.errors import ConfigurationError
from tap_pardot.state.validation import UNREADABLE

_ADVICE = {
    "--config": "pass the path of a JSON file with the settings",
    "--catalog": "pass a file that --discover wrote, in which only the selection was changed",
    "--state": "pass the STATE that this tap wrote last, or none to read everything from "
    "start_date again",
}


_MELTANO_KEY = "singer_state"
"""The key that ``meltano state get`` prints a STATE under."""


class ReadableFile(Protocol):
    """An open file, or an :class:`OptionFile`."""

    def read(self) -> str | bytes:
        """Return the whole content."""


class OptionFile(NamedTuple):
    """A file that an option names. It is read when its content is needed.

    Attributes:
        option: The option.
        name: The path; ``-`` is stdin.
    """

    option: str
    name: str

    def read(self) -> bytes:
        """Return the bytes of the file.

        Raises:
            ConfigurationError: It cannot be read.
        """
        if self.name.lstrip().startswith(("{", "[")):
            raise _refused(self.option, "takes the path of a file, not its content")
        try:
            return sys.stdin.buffer.read() if self.name == "-" else Path(self.name).read_bytes()
        except (OSError, ValueError) as error:
            why = (isinstance(error, OSError) and error.strerror) or "not a path"
            raise _refused(self.option, f"the file {self.name} cannot be read ({why})") from None


def json_of(option: str, file: ReadableFile) -> Any:
    """Return the value in the JSON file of an option; an empty object for an empty file.

    Args:
        option: The option, for error sentences.
        file: The file.

    Raises:
        ConfigurationError: The file cannot be read, or is not JSON. The sentence names the option,
            the file and the line.
    """
    data = file.read()
    name = f"the file {getattr(file, 'name', '')}".rstrip()
    text = data if isinstance(data, str) else _decoded(option, name, data)
    text = text.lstrip("\ufeff")
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _refused(option, f"{name} is not JSON ({where})") from None
    except ValueError:
        raise _refused(option, f"{name} holds a number that is too long") from None
    except RecursionError:
        raise _refused(option, f"{name} is nested too deeply") from None


def _decoded(option: str, name: str, data: bytes) -> str:
    try:
        return data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        why = f"{name} is not text in UTF-8, UTF-16 or UTF-32 (line {line})"
        raise _refused(option, why) from None


def _refused(option: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"{option}: {what}: {_ADVICE[option]}.")


def settings_of(paths: tuple[str, ...]) -> dict[str, Any]:
    """Return the settings in the ``--config`` files. Later files override earlier ones.

    Raises:
        ConfigurationError: A file cannot be read, or holds no JSON object.
    """
    settings: dict[str, Any] = {}
    for path in paths:
        found = json_of("--config", OptionFile("--config", path))
        if not isinstance(found, dict):
            raise _refused("--config", f"the file {path} does not hold a JSON object")
        settings |= found
    return settings


def state_of(file: ReadableFile | None) -> dict[str, Any] | None:
    """Return the STATE in a file, also from inside a STATE message or Meltano's own object.

    Raises:
        ConfigurationError: It is not a JSON object.
    """
    if file is None:
        return None
    found = json_of("--state", file)
    while isinstance(found, dict):
        if found.get("type") == "STATE":
            found = found.get("value")
        elif _MELTANO_KEY in found:
            found = {} if found[_MELTANO_KEY] is None else found[_MELTANO_KEY]
        else:
            return found
    raise ConfigurationError(UNREADABLE)
