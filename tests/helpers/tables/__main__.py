"""Writes all tables and pages that are made from the code."""

from tests.helpers.tables import makers

if __name__ == "__main__":
    for path, make in makers().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), encoding="utf-8")
