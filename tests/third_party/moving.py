"""What ``docs/moving-from-singer-io.md`` says, and the tables of a pipeline that moves.

singer-io's side comes from its own discovery, each time: nothing of its schemas is stored here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.helpers.catalog import select
from tests.third_party.environments import TARGET_POSTGRES, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pardot_emulator import Emulator
    from tests.helpers.postgres import Postgres
    from tests.helpers.tap import Finished

PAGE = Path(__file__).parents[2] / "docs" / "moving-from-singer-io.md"
SCHEMA = "tap_pardot"
"""The schema in PostgreSQL, as on the page."""
ACCOUNTS = "prospect_accounts"
"""The stream whose columns singer-io's tap makes of the account's own fields."""


class Stream(NamedTuple):
    """A stream of singer-io's tap.

    Attributes:
        object: Its object in the emulator.
        changes: A column that changes.
    """

    object: str
    changes: str


STREAMS = {
    "campaigns": Stream("campaign", "name"),
    "email_clicks": Stream("emailClick", "url"),
    "list_memberships": Stream("listMembership", "opted_out"),
    "lists": Stream("list", "name"),
    "opportunities": Stream("opportunity", "name"),
    "prospect_accounts": Stream("prospectAccount", "name"),
    "prospects": Stream("prospect", "company"),
    "users": Stream("user", "first_name"),
    "visitor_activities": Stream("visitorActivity", "details"),
    "visitors": Stream("visitor", "hostname"),
    "visits": Stream("visit", "duration_in_seconds"),
}


class Difference(NamedTuple):
    """A column of singer-io's tap that this tap does not have, or has with another type.

    Attributes:
        stream: The stream.
        column: The column.
        theirs: Its type in the catalog of singer-io's tap.
        ours: Its type in the catalog of this tap, or how to get it.
    """

    stream: str
    column: str
    theirs: str
    ours: str


def differences(theirs: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield the differences from a catalog of singer-io's tap.

    The account's own fields are left out.
    """
    own = account_fields(theirs)
    ours, ours_5 = _entries(select()), _entries(select(version=5))
    for stream, entry in sorted(_entries(theirs).items()):
        for column, schema in entry["schema"]["properties"].items():
            here = _here(ours[stream], ours_5[stream], column)
            if here != _kind(schema) and not (stream == ACCOUNTS and column in own):
                yield Difference(stream, column, _kind(schema), here)


def account_fields(theirs: Mapping[str, Any]) -> list[str]:
    """Return the columns that singer-io's tap makes of fields of the account."""
    columns = _entries(theirs)[ACCOUNTS]["schema"]["properties"]
    # They all have one type, which no other column has.
    return [name for name, schema in columns.items() if {"string", "object"} <= {*schema["type"]}]


def new_columns(theirs: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the columns that only this tap has, by stream; those that are off are left out."""
    ours = _entries(select())
    found = {}
    for stream, entry in sorted(_entries(theirs).items()):
        new = ours[stream]["schema"]["properties"].keys() - entry["schema"]["properties"].keys()
        if on := {column for column in new if not _is_off(ours[stream], column)}:
            found[stream] = on
    return found


def _entries(catalog: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["tap_stream_id"]: entry for entry in catalog["streams"]}


def _here(ours: Mapping[str, Any], ours_5: Mapping[str, Any], column: str) -> str:
    """Return the type of a column of this tap, or how to get it."""
    if schema := ours["schema"]["properties"].get(column):
        return _kind(schema) + (", with `include`" if _is_off(ours, column) else "")
    if column in ours_5["schema"]["properties"]:
        return "`api_version: 5`" + (", with `include`" if _is_off(ours_5, column) else "")
    return "none"


def _is_off(entry: Mapping[str, Any], column: str) -> bool:
    (metadata,) = (
        each["metadata"]
        for each in entry["metadata"]
        if tuple(each["breadcrumb"]) == ("properties", column)
    )
    is_unsupported = metadata.get("inclusion") == "unsupported"
    return is_unsupported or metadata.get("selected-by-default") is False


def _kind(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return "date-time"
    return " or ".join(each for each in schema["type"] if each != "null")


def rows_under(heading: str) -> list[tuple[str, ...]]:
    """Return the cells of the first table under a heading of the page, without its head."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert table, heading
    lines = table[0].splitlines()[2:]
    return [tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in lines]


def names_in(cell: str) -> list[str]:
    """Return what a cell shows as code."""
    return re.findall(r"`([^`]+)`", cell)


def block(language: str, contains: str) -> str:
    """Return the only block of code of a language on the page that contains a string."""
    fenced = rf"^( *)```{language}\n(.*?)^ *```$"
    found = re.findall(fenced, PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (text,) = (textwrap.dedent(each) for _, each in found if contains in each)
    return text


class Tables:
    """The tables that target-postgres fills.

    Args:
        database: An empty database.
        folder: For the target's settings.
    """

    def __init__(self, database: Postgres, folder: Path) -> None:
        self.query = database.query
        settings = {"sqlalchemy_url": database.url, "default_target_schema": SCHEMA}
        self._settings = folder / "target.json"
        self._settings.write_text(json.dumps(settings))

    def load(self, run: Finished) -> None:
        """Load what a run wrote.

        Raises:
            AssertionError: The run failed, or the target; the message is its log.
        """
        assert run.exit_code == 0, run.stderr
        done = subprocess.run(
            [environment(TARGET_POSTGRES) / "target-postgres", "--config", self._settings],
            input=run.stdout,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def rows(self, stream: str) -> dict[int, dict[str, Any]]:
        """Return the rows of a stream's table by id."""
        columns = self.query(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = "
            f"'{SCHEMA}' AND table_name = '{stream}' ORDER BY ordinal_position"
        )
        names = [name for (name,) in columns]
        rows = self.query(f'SELECT * FROM {SCHEMA}."{stream}"')
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return {row["id"]: row for row in found}

    def wrong(self, emulator: Emulator, stream: str) -> list[Any]:
        """Return where a table differs from what the emulator holds.

        Returns:
            Ids that only one of them has, and pairs of an id and a column. Columns are compared
            that the table and the emulator name alike, without arrays.
        """
        here = self.rows(stream)
        held = {row["id"]: row for row in emulator.rows(STREAMS[stream].object)}
        found: list[Any] = sorted(here.keys() ^ held.keys())
        for number in sorted(here.keys() & held.keys()):
            one, other = here[number], held[number]
            columns = sorted(one.keys() & other.keys())
            found += [(number, name) for name in columns if not _agree(one[name], other[name])]
        return found


def _agree(stored: Any, held: Any) -> bool:
    if isinstance(stored, list) or isinstance(held, list):
        return True
    if isinstance(stored, datetime):
        return held is not None and stored == datetime.fromtimestamp(held, UTC).replace(tzinfo=None)
    # singer-io's tap writes a boolean that is null as false.
    return stored == held or (stored, held) == (False, None)
