"""The rooms of tap_pardot, what each imports, and their picture: ``docs/architecture.svg``."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import tap_pardot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(tap_pardot.__file__).parent
PICTURE = Path(__file__).parents[2] / "docs" / "architecture.svg"
FLOORS = (
    ("errors",),
    ("signals",),
    ("records",),
    ("api", "state", "sdk"),
    ("sources",),
    ("config",),
    ("sync",),
    ("streams",),
    ("tap",),
    ("cli",),
    ("__main__",),
)
"""The packages and modules of tap_pardot, from the bottom up. Neighbors on a floor are apart."""

_NAME, _PURPOSE, _CELL, _ROW, _HEAD, _MARGIN = 92, 540, 24, 30, 78, 14
_MONO = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"
_SANS = "system-ui, Segoe UI, Helvetica, Arial, DejaVu Sans, sans-serif"


def pages() -> dict[Path, Callable[[], str]]:
    """Return the function that draws the picture, by its file."""
    return {PICTURE: picture}


def modules() -> list[Path]:
    """Return the files of all modules but the package's own."""
    return [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "__init__.py"]


def module_name(path: Path) -> str:
    """Return the name of a module below tap_pardot, such as ``records.times``."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    """Return the package or module of tap_pardot that has a module."""
    return module.partition(".")[0]


def floor_of(module: str) -> int:
    """Return the floor of a module that is named below tap_pardot, such as ``records.times``."""
    return next(number for number, rooms in enumerate(FLOORS) if room_of(module) in rooms)


def imported_by(path: Path) -> set[str]:
    """Return the modules of tap_pardot that a file imports, under TYPE_CHECKING too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            members = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [each if _is_module(_below(each)) else str(node.module) for each in members]
        else:
            continue
        found.update(_below(name) for name in names if name.startswith("tap_pardot."))
    return found


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def _below(name: str) -> str:
    return name.removeprefix("tap_pardot.")


def imports() -> set[tuple[str, str]]:
    """Return each pair of a room and another room that it imports."""
    pairs = {
        (room_of(module_name(path)), room_of(imported))
        for path in modules()
        for imported in imported_by(path)
    }
    return {(room, imported) for room, imported in pairs if room != imported}


def purpose(room: str) -> str:
    """Return the first sentence of a room's docstring."""
    path = ROOT / room / "__init__.py" if (ROOT / room).is_dir() else ROOT / f"{room}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].partition(". ")[0].removesuffix(".").replace("`", "")


def picture() -> str:
    """Return the picture as SVG: a row per room from the top down, a dot for each import."""
    pairs = imports()
    rooms = [room for floor in reversed(FLOORS) for room in floor]
    width = 2 * _MARGIN + _NAME + _PURPOSE + _CELL * (len(rooms) + 1)
    height = _HEAD + _ROW * len(rooms) + _MARGIN
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_SANS}" font-size="12">',
        "<title>The rooms of tap_pardot, and what each imports</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_MARGIN}" y="{_HEAD - 12}" fill="#607d8b">room</text>',
        f'<text x="{_MARGIN + _NAME}" y="{_HEAD - 12}" fill="#607d8b">what it is</text>',
        *_floors(width),
        *(part for number, room in enumerate(rooms) for part in _row(number, room, rooms, pairs)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _floors(width: int) -> Iterator[str]:
    """Yield the box of each floor."""
    y = _HEAD
    for floor in reversed(FLOORS):
        height = _ROW * len(floor)
        yield (
            f'<rect x="{_MARGIN - 8}" y="{y + 1}" width="{width - 2 * _MARGIN + 16}" '
            f'height="{height - 2}" rx="4" fill="#eceff1"/>'
        )
        y += height


def _row(number: int, room: str, rooms: list[str], pairs: set[tuple[str, str]]) -> Iterator[str]:
    middle = _HEAD + _ROW * number + _ROW // 2
    first = _MARGIN + _NAME + _PURPOSE + _CELL // 2
    own = first + _CELL * number
    yield (
        f'<text x="{_MARGIN}" y="{middle + 4}" font-family="{_MONO}" font-weight="bold">'
        f"{room}</text>"
        f'<text x="{_MARGIN + _NAME}" y="{middle + 4}">{purpose(room)}</text>'
        f'<text transform="translate({own + 4} {_HEAD - 8}) rotate(-60)" '
        f'font-family="{_MONO}" font-size="11">{room}</text>'
        f'<rect x="{own - 7}" y="{middle - 7}" width="14" height="14" fill="#b0bec5"/>'
    )
    for column, imported in enumerate(rooms):
        if (room, imported) in pairs:
            yield (
                f'<circle cx="{first + _CELL * column}" cy="{middle}" r="5" fill="#1565c0">'
                f"<title>{room} imports {imported}</title></circle>"
            )
