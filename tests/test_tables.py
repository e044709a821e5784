"""Tables, pages and diagrams are made from the code, so that they cannot say anything else."""

from __future__ import annotations

from itertools import chain

import pytest

from pardot_emulator import seed_visits
from tap_pardot.streams.abilities import ABILITIES
from tests.helpers.tables import catalogs, makers
from tests.helpers.tables.activity_types import id_columns, types
from tests.helpers.tables.diagrams import PLACES
from tests.helpers.tables.joins import BY_COLUMN, OF_A_STREAM, WITHOUT_STREAM, joins
from tests.helpers.tables.markup import ALL, BY_NAME, DOCS, ROOT

MAKERS = makers()


@pytest.mark.parametrize("path", MAKERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_made_from_the_code_is_as_the_code_says(path):
    found = path.read_text(encoding="utf-8")

    assert found == MAKERS[path](), "run: python -m tests.helpers.tables"


def test_no_page_is_left_of_a_stream_that_is_gone():
    found = {*(DOCS / "streams").glob("*.md"), *(DOCS / "modeling").glob("joins-*.svg")}

    assert found <= MAKERS.keys()


def test_each_stream_needs_one_ability():
    named = [stream for ability in ABILITIES for stream in ability.streams]

    assert sorted(named) == [stream.name for stream in ALL]


def test_each_join_is_between_a_column_and_a_stream_that_exist():
    columns = {
        (stream.name, column) for stream in ALL for column in catalogs.all_columns(stream.name)
    }

    assert {*BY_COLUMN.values(), *OF_A_STREAM.values()} <= BY_NAME.keys()
    assert BY_COLUMN.keys() | WITHOUT_STREAM.keys() <= {column for _, column in columns}
    assert OF_A_STREAM.keys() <= columns
    assert all(catalogs.keys(join.references) == ["id"] for join in joins())


def test_each_id_of_another_row_is_a_join_or_says_why_not():
    ids = {
        column
        for stream in ALL
        for column, schema in catalogs.all_columns(stream.name).items()
        if column.endswith(("_id", "_ids")) and "string" not in schema["type"]
    }

    assert ids == BY_COLUMN.keys() | WITHOUT_STREAM.keys()


@pytest.mark.parametrize("diagram", PLACES)
def test_each_stream_of_a_diagram_is_there_once_and_joined(diagram):
    streams = [*chain.from_iterable(PLACES[diagram])]
    ends = {(each.stream, each.references) for each in joins()}

    assert len(streams) == len({*streams})
    for stream in streams:
        others = {*streams} - {stream}
        assert any((stream, each) in ends or (each, stream) in ends for each in others), stream


def test_activity_types_are_numbered_and_name_columns_that_exist():
    columns = catalogs.all_columns("visitor_activities").keys()

    assert [int(row["type"]) for row in types()] == [*range(1, len(types()) + 1)]
    assert {name for row in types() for name in id_columns(row)} <= columns


@pytest.mark.parametrize(
    ("column", "numbers"),
    [("email_id", seed_visits._EMAIL), ("opportunity_id", seed_visits._OPPORTUNITY)],
)
def test_the_emulator_has_the_same_types_of_emails_and_opportunities(column, numbers):
    found = {int(row["type"]) for row in types() if id_columns(row) == [column]}

    assert found == {*numbers}
