"""The README's tables are made from the code, so that they cannot say anything else."""

from __future__ import annotations

from tests.helpers.tables import README, with_tables


def test_the_tables_are_those_of_the_code():
    text = README.read_text(encoding="utf-8")

    assert with_tables(text) == text, "run: python -m tests.helpers.tables"
