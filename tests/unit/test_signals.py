"""The functions that handle a signal's exception contain no loop."""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest

from tap_pardot import cli
from tap_pardot.cli import exit_with_sentence


@pytest.mark.parametrize(
    "function", [cli.main, cli.CommandLine.invoke, exit_with_sentence.__wrapped__]
)
def test_no_loop_shares_a_frame_with_what_hears_a_signal(function):
    """Python 3.12 and 3.13 look for signals at a loop's jump back, outside of any ``try``.

    The exception is then raised as if the function had no handler (python/cpython#130279). From
    3.12 on, a comprehension is a loop of the function around it.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    loops = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp)

    assert not [node for node in ast.walk(tree) if isinstance(node, loops)]
