"""The tables of README and docs are made from the code, so that they cannot say anything else."""

from __future__ import annotations

import pytest

from tests.helpers.tables import TABLES, with_tables


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_the_tables_are_those_of_the_code(path):
    text = path.read_text(encoding="utf-8")

    assert with_tables(path) == text, "run: python -m tests.helpers.tables"
