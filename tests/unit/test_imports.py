"""Imports of the tap's modules go down only, so that each room can be read without those above."""

from __future__ import annotations

import ast
from pathlib import Path

import tap_pardot

ROOT = Path(tap_pardot.__file__).parent
FLOORS = [
    {"errors"},
    {"signals"},
    {"records"},
    {"api", "state", "sdk"},
    {"sources"},
    {"config"},
    {"sync"},
    {"streams"},
    {"tap"},
    {"cli"},
    {"__main__"},
]
"""The packages and modules of tap_pardot, from the bottom up. Neighbors on a floor are apart."""


def floor_of(module: str) -> int:
    """Return the floor of a module that is named below tap_pardot, such as ``records.times``."""
    room = module.partition(".")[0]
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imported_by(path: Path) -> set[str]:
    """Return the modules of tap_pardot that a file imports, under TYPE_CHECKING too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            members = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [each if is_module(below(each)) else str(node.module) for each in members]
        else:
            continue
        found.update(below(name) for name in names if name.startswith("tap_pardot."))
    return found


def below(name: str) -> str:
    return name.removeprefix("tap_pardot.")


def goes_down(importer: str, imported: str) -> bool:
    same_room = importer.partition(".")[0] == imported.partition(".")[0]
    return same_room or floor_of(imported) < floor_of(importer)


def test_imports_go_down_only():
    modules = [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "__init__.py"]
    violations = {
        f"{module_name(path)} imports {imported}"
        for path in modules
        for imported in imported_by(path)
        if not goes_down(module_name(path), imported)
    }

    assert sorted(violations) == []
