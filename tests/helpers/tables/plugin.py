"""The plugin definition for Meltano, in the form of its hub, and the entry in ``meltano.yml``."""

from __future__ import annotations

import re
import textwrap
import tomllib
from typing import Any

import yaml
from singer_sdk.helpers.capabilities import FLATTENING_CONFIG, STREAM_MAPS_CONFIG

from tap_pardot.api.auth import FLOWS
from tap_pardot.config.schema import ALIASES, DECLARED, KINDS, SETTINGS
from tap_pardot.tap import TapPardot
from tests.helpers.tables.markup import ROOT

DEFINITION = ROOT / "plugins" / "extractors" / "tap-pardot.yml"
PROJECT = ROOT / "meltano.yml"

_WIDTH = 90
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
    """Return the content of the plugin definition."""
    return yaml.safe_dump(definition(), width=_WIDTH)


def project_entry() -> str:
    """Return the extractor's entry in ``meltano.yml``."""
    entry = [_common() | {"pip_url": "-e ."}]
    text = yaml.safe_dump(entry, width=_WIDTH, sort_keys=False).rstrip("\n")
    return textwrap.indent(text, "  ")
