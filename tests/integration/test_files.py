"""The files of --config, --catalog and --state: read in any Unicode encoding, or named."""

from __future__ import annotations

import codecs
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.helpers.catalog import select
from tests.helpers.runner import invoke
from tests.helpers.tap import COMMAND, Finished

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2"
STATE = {
    "bookmarks": {
        "lists": {
            "replication_key": "updated_at",
            "replication_key_value": "2024-01-01T00:00:00+00:00",
        }
    }
}
OPTIONS = ("--config", "--catalog", "--state")


@pytest.fixture
def contents(emulator) -> dict[str, Any]:
    """Give what a run of one stream needs, by option."""
    emulator.add("list", [{"id": 1, "updated_at": "2023-06-01"}, {"id": 2}])
    return {"--config": emulator.config, "--catalog": select("lists"), "--state": STATE}


def arguments(folder: Path, contents: dict[str, Any], **data: bytes) -> list[str]:
    """Write the files and return the arguments that name them."""
    given = []
    for option in OPTIONS:
        name = option.removeprefix("--")
        path = folder / f"{name}.json"
        path.write_bytes(data.get(name, json.dumps(contents[option]).encode()))
        given += [option, str(path)]
    return given


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
    ],
)
def test_files_of_windows_are_read(tmp_path, contents, encoding, mark):
    data = {
        option.removeprefix("--"): mark + json.dumps(content).encode(encoding)
        for option, content in contents.items()
    }

    run = invoke(*arguments(tmp_path, contents, **data))

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [2]


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(
    "bad",
    [
        (b'{"hunter2": "hunter2",\n "b" 1}', "line 2, column 6"),
        (b'{"hunter2": "caf\xe9"}', "line 1"),
        (b"client_secret: hunter2\n", "line 1, column 1"),
    ],
    ids=["a comma is missing", "Latin 1", "YAML"],
)
def test_a_file_that_is_no_json_is_named_with_its_place(emulator, tmp_path, contents, option, bad):
    data, where = bad
    run = invoke(*arguments(tmp_path, contents, **{option.removeprefix("--"): data}))

    assert run.exit_code == 1
    assert run.stdout == ""
    assert emulator.calls == emulator.logins == []
    assert run.last_line.startswith(f"{option}: the file {tmp_path}/")
    assert where in run.last_line
    assert SECRET not in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("option", OPTIONS)
def test_a_file_that_is_not_there_is_named(emulator, tmp_path, contents, option):
    missing = str(tmp_path / "missing.json")

    run = invoke(*arguments(tmp_path, contents), option, missing)

    assert run.exit_code == 1
    assert run.stdout == ""
    assert emulator.calls == emulator.logins == []
    assert run.last_line.startswith(f"{option}: the file {missing} cannot be read (No such file")


def test_settings_in_place_of_a_path_show_no_secret():
    run = invoke("--config", '{"client_secret": "hunter2"}')

    assert run.exit_code == 1
    assert run.last_line.startswith("--config: takes the path of a file, not its content: ")
    assert SECRET not in run.stderr


def test_state_comes_from_a_pipe_too(contents, tmp_path):
    given = arguments(tmp_path, contents)

    state = json.dumps(STATE).encode("utf-16")
    done = subprocess.run(
        [*COMMAND, *given[:-1], "-"], input=state, capture_output=True, check=False, timeout=60
    )
    run = Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [2]


def test_files_and_the_environment_are_one_configuration(emulator, tmp_path, contents):
    given = arguments(tmp_path, contents, config=b'{"client_id": "overridden"}')
    more = tmp_path / "more.json"
    more.write_text(json.dumps({"client_id": emulator.config["client_id"]}))

    run = invoke(*given, "--config", str(more), "--config", "ENV", env=emulator.environment)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [2]
