"""The page about personal data: what it shows is what happens."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import yaml

from tests.helpers.catalog import select

PAGE = Path(__file__).resolve().parents[2] / "docs" / "modeling" / "personal-data.md"


def test_the_stream_map_of_the_page_hides_addresses_and_names(emulator, tap):
    blocks = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL))
    (config,) = (block["config"] for block in blocks if "config" in block)
    emulator.add(
        "prospect",
        [
            {"id": 1, "email": "Ada@Example.com", "first_name": "Ada", "phone": "1"},
            {"id": 2, "email": None, "first_name": "Bo"},
        ],
    )

    run = tap.run({**emulator.config, **config}, catalog=select("prospects"))

    assert run.exit_code == 0, run.stderr
    assert run.warnings == []
    ada, bo = sorted(run.records["prospects"], key=lambda each: each["id"])
    seed = config["stream_map_config"]["hash_seed"]
    expected = hashlib.sha256(f"{seed}ada@example.com".encode()).hexdigest()
    assert (ada["email"], ada["email_domain"]) == (expected, "Example.com")
    assert (bo["email"], bo["email_domain"]) == (None, None)
    assert not {"first_name", "last_name", "phone"} & ada.keys()
    assert "Ada" not in run.stdout
