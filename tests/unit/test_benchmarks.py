"""docs/benchmarks.md is made from kept figures, and shows nothing of the machine but its size."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ("measure", "page", "plots", "results")


@pytest.fixture
def modules(monkeypatch):
    """Give modules of the benchmarks, which as scripts see only their own folder."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    yield {name: importlib.import_module(name) for name in MODULES}
    for name in MODULES:
        del sys.modules[name]


def test_the_page_is_what_the_kept_figures_make(modules):
    for name, content in modules["page"].pages().items():
        assert (ROOT / "docs" / name).read_text("utf-8") == content


def test_no_kept_figure_names_a_folder_of_a_machine():
    kept = [path.read_text("utf-8") for path in (ROOT / "benchmarks" / "results").iterdir()]

    assert kept
    assert not re.search(r"/(home|root|tmp|usr|work|Users)/", "".join(kept))


def test_a_bar_is_as_long_as_its_number(modules):
    plot = modules["plots"].bars("µs", {"Clicks": {"one": 10.0, "two": 40.0}})

    one, two = (float(width) for width in re.findall(r'width="([\d.]+)" height="15"', plot))
    assert two == pytest.approx(4 * one, abs=0.2)
    assert "µs" in plot


def test_a_line_falls_from_its_first_point_to_a_smaller_one(modules):
    plot = modules["plots"].line("seconds", "workers", {1: 20.0, 4: 5.0})

    first, last = (float(y) for y in re.findall(r'cy="([\d.]+)"', plot))
    assert first < last  # the vertical scale of SVG grows downwards
