"""The emulator's README: its examples work, and its tables are those of the code."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
import requests

from pardot_emulator.control import OPERATIONS
from pardot_emulator.faults import FILE_DAMAGES, Fault
from pardot_emulator.oauth import OAuthSettings
from pardot_emulator.options import choices, options
from pardot_emulator.settings import Settings

README = (Path(__file__).parents[2] / "emulator" / "README.md").read_text()
CURLS = re.findall(r"^curl .*$", README.replace("\\\n", " "), re.MULTILINE)
NOW = "2024-06-01T12:00:00Z"


def request_of(curl):
    """Return method, path and body of a curl command."""
    arguments = shlex.split(curl)[1:]
    given = dict(pairwise(arguments))
    body = given.get("-d")
    method = given.get("-X", "GET" if body is None else "POST")
    path = next(one for one in arguments if one.startswith("$URL/")).removeprefix("$URL")
    return method, path, body


def route_of(curl):
    method, path, _ = request_of(curl)
    for route in OPERATIONS:
        known, template = route.split()
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if known == method and re.fullmatch(f"/emulator{pattern}", path):
            return route
    raise AssertionError(f"no operation: {curl}")


def values(of):
    """Return name and values of the options of a class as they begin the lines of its table."""
    lines = []
    for name, one in options(of).items():
        shown = choices(of, name) or [[] if one.default == () else one.default]
        lines.append(f"| `{name}` | `{', '.join(map(json.dumps, shown))}` |")
    return lines


def documented():
    """Return the lines of each table of options, as name and values, and their meanings."""
    for block in re.findall(r"(?:^\| `\w+` \|.*\n)+", README, re.MULTILINE):
        rows = [re.fullmatch(r"(\| `\w+` \| `.*?` \|) (.+) \|", one) for one in block.splitlines()]
        yield [row[1] for row in rows], [row[2] for row in rows]


def test_every_operation_of_the_control_endpoint_has_one_example():
    assert sorted(map(route_of, CURLS)) == sorted(OPERATIONS)


def test_the_examples_work_in_their_order(make):
    pardot = make(rows=20, timezone="America/New_York", clock=NOW)
    emulator = pardot.emulator
    emulator.add("email", [{"id": 81, "list_email_id": 82}])
    for curl in CURLS:
        method, path, body = request_of(curl)
        answer = requests.request(method, f"{emulator.url}{path}", data=body, timeout=9)
        assert answer.status_code == 200, (curl, answer.text)
        assert isinstance(answer.json(), dict)


@pytest.mark.parametrize(("of", "place"), [(Settings, 0), (OAuthSettings, 1), (Fault, 2)])
def test_the_tables_explain_every_option_and_name_its_values(of, place):
    lines, meanings = list(documented())[place]
    assert lines == values(of)
    assert all(meaning.strip().endswith(".") for meaning in meanings)


def test_the_table_of_faults_names_every_damage_of_a_file():
    assert f"fits: {', '.join(FILE_DAMAGES)}." in README


def test_the_python_example_works():
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(compile(example, "README.md", "exec"), names)
    for name, test in names.items():
        if name.startswith("test_"):
            test()
