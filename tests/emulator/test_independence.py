"""The emulator and the tap are two distributions: neither imports the other."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imported(folder):
    """Return the top-level packages that a package imports, also under TYPE_CHECKING."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, file
                found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize(
    ("folder", "other"),
    [("emulator/pardot_emulator", "tap_pardot"), ("tap_pardot", "pardot_emulator")],
)
def test_neither_distribution_imports_the_other(folder, other):
    packages = imported(ROOT / folder)
    assert Path(folder).name in packages
    assert other not in packages
    assert "tests" not in packages
