"""Imports of the tap's modules go down only, so that each room can be read without those above."""

from __future__ import annotations

from tests.helpers.rooms import floor_of, imported_by, module_name, modules, purpose, room_of


def goes_down(importer: str, imported: str) -> bool:
    return room_of(importer) == room_of(imported) or floor_of(imported) < floor_of(importer)


def test_imports_go_down_only():
    violations = {
        f"{module_name(path)} imports {imported}"
        for path in modules()
        for imported in imported_by(path)
        if not goes_down(module_name(path), imported)
    }

    assert sorted(violations) == []


def test_each_room_says_what_it_is_in_one_line():
    rooms = {room_of(module_name(path)) for path in modules()}

    assert [room for room in rooms if not 0 < len(purpose(room)) < 90] == []
