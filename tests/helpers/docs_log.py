"""Lines of the log in pages of the documentation, compared with the sentences of the tap."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from tests.helpers.docs import fences
from tests.helpers.tables.markup import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHORTEST = 15
"""Letters of a string in the code that may be a sentence."""
_PLACEHOLDER = re.compile(r"%(?:\\?\.\d+)?[a-z]")
_OF_OTHERS = ("Another 'prod:",)
"""How lines begin that Meltano prints."""


def unknown_lines(text: str) -> Iterator[str]:
    """Yield each sentence of a page's blocks of text that neither the tap nor the demo writes."""
    for fence in fences(text):
        for line in map(str.strip, fence.text.splitlines() if fence.language == "text" else ()):
            is_sentence = line.endswith(".") and " " in line and not line.startswith(_OF_OTHERS)
            if is_sentence and not any(each.search(line) for each in _sentences()):
                yield line


@cache
def _sentences() -> list[re.Pattern[str]]:
    """Return the strings of the code as patterns; what is put into them may be anything."""
    paths = [*(ROOT / "tap_pardot").rglob("*.py"), ROOT / "examples" / "demo.py"]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    found = {_pattern(node) for tree in trees for node in ast.walk(tree)}
    return [re.compile(pattern) for pattern in found if len(pattern) >= _SHORTEST]


def _pattern(node: ast.AST) -> str:
    """Return the pattern of a string; empty for anything else."""
    match node:
        case ast.Constant(value=str(text)) if " " in text:
            return _PLACEHOLDER.sub(".*", re.escape(text)).replace(r"\{\}", ".*")
        case ast.JoinedStr(values=parts):
            return "".join(_pattern(part) or _anything(part) for part in parts)
    return ""


def _anything(part: ast.AST) -> str:
    return re.escape(part.value) if isinstance(part, ast.Constant) else ".*"
