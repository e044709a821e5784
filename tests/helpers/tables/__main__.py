"""Writes all tables and pages that are made from the code."""

from tests.helpers.tables import made

if __name__ == "__main__":
    for path, text in made():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
