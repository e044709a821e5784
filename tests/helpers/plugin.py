"""The plugin definition for Meltano, made from the settings in the code.

``python -m tests.helpers.plugin`` writes it into ``plugins/extractors/tap-pardot.yml``, in the form
of Meltano Hub, and into the extractor's entry of ``meltano.yml``.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml
from singer_sdk.helpers.capabilities import FLATTENING_CONFIG, STREAM_MAPS_CONFIG

from tap_pardot.api.auth import FLOWS
from tap_pardot.config.schema import ALIASES, DECLARED, KINDS, SETTINGS
from tap_pardot.tap import TapPardot

ROOT = Path(__file__).parents[2]
DEFINITION = ROOT / "plugins" / "extractors" / "tap-pardot.yml"
PROJECT = ROOT / "meltano.yml"

_WIDTH = 90
_ENTRY = re.compile(r"(?<=\n  extractors:\n).*?(?=\n  loaders:\n)", re.DOTALL)
_ENTRY_COMMENT = """\
  # Made from the settings in the code: python -m tests.helpers.plugin
  # From this checkout. In a project of your own: docs/getting-started/meltano.md
"""
_UPPER_CASE = {"id": "ID", "url": "URL", "api": "API"}


def settings() -> list[dict[str, Any]]:
    """Return all settings as Meltano declares them, those of the SDK included."""
    schemas = (SETTINGS, STREAM_MAPS_CONFIG, FLATTENING_CONFIG)
    return [_setting(name) for schema in schemas for name in schema["properties"]]


def _setting(name: str) -> dict[str, Any]:
    declared = DECLARED[name]
    found: dict[str, Any] = {"name": name}
    if aliases := [alias for alias, meant in ALIASES.items() if meant == name]:
        found["aliases"] = aliases
    found |= {"label": _label(name), "kind": _kind(name)}
    if "default" in declared:
        found["value"] = declared["default"]
    if declared.get("secret"):
        found["sensitive"] = True
    if found["kind"] == "options":
        found["options"] = [
            {"label": each.capitalize(), "value": each} for each in declared["enum"]
        ]
    return found | {"description": declared["description"]}


def _label(name: str) -> str:
    first, *others = (_UPPER_CASE.get(word, word) for word in name.split("_"))
    return " ".join([first[0].upper() + first[1:], *others])


def _kind(name: str) -> str:
    """Return Meltano's kind of a setting."""
    declared = DECLARED[name]
    if declared.get("secret"):
        return "password"
    if declared.get("format") == "date-time":
        return "date_iso8601"
    return "options" if KINDS[name] == "string" and "enum" in declared else KINDS[name]


def _common() -> dict[str, Any]:
    """Return what the definition and the entry in ``meltano.yml`` have in common."""
    return {
        "name": TapPardot.name,
        "namespace": "tap_pardot",
        "label": "Pardot (Salesforce Account Engagement)",
        "executable": "tap-pardot",
        "capabilities": sorted(each.value for each in TapPardot.capabilities),
        "settings_group_validation": [[*SETTINGS["required"], *each] for each in FLOWS.values()],
        "settings": settings(),
    }


def definition() -> dict[str, Any]:
    """Return the plugin definition in the form of Meltano Hub."""
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    flows = "; ".join(f"{name}: {', '.join(map('`{}`'.format, FLOWS[name]))}" for name in FLOWS)
    common = _common()
    return common | {
        "variant": package["name"],
        "pip_url": package["name"],
        "description": "B2B marketing automation",
        "domain_url": "https://developer.salesforce.com/docs/marketing/pardot/overview",
        "keywords": ["api", "meltano_sdk"],
        "logo_url": "/assets/logos/extractors/pardot.png",
        "maintenance_status": "beta",
        "quality": "unknown",
        "supported_python_versions": [
            match[1]
            for each in package["classifiers"]
            if (match := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", each))
        ],
        "settings_preamble": f"The settings that are present choose the login. {flows}.",
        # Meltano Hub sorts all of them.
        "settings_group_validation": [*map(sorted, common["settings_group_validation"])],
        "settings": sorted(common["settings"], key=lambda each: each["name"]),
    }


def definition_text() -> str:
    """Return the content of ``plugins/extractors/tap-pardot.yml``."""
    return yaml.safe_dump(definition(), width=_WIDTH)


def project_text() -> str:
    """Return the content of ``meltano.yml`` with the extractor's entry made anew."""
    entry = yaml.safe_dump([_common() | {"pip_url": "-e ."}], width=_WIDTH - 2, sort_keys=False)
    lines = "".join(f"  {line}\n" for line in entry.splitlines())
    text = PROJECT.read_text(encoding="utf-8")
    made, number = _ENTRY.subn(lambda _: _ENTRY_COMMENT + lines.rstrip("\n"), text)
    if number != 1:
        raise ValueError("meltano.yml needs its extractors before its loaders")
    return made


if __name__ == "__main__":
    DEFINITION.parent.mkdir(parents=True, exist_ok=True)
    DEFINITION.write_text(definition_text(), encoding="utf-8")
    PROJECT.write_text(project_text(), encoding="utf-8")
