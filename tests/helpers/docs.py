"""What pages of the documentation name, compared with what the tap has.

Each check takes the text of a page and yields a sentence for each thing that does not exist.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from tap_pardot.api.codes import RULES
from tap_pardot.config.schema import ALIASES, BATCH_CONFIG, DECLARED
from tests.helpers.docs_words import OTHERS
from tests.helpers.tables import catalogs
from tests.helpers.tables.markup import ALL, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLUMNS: dict[str, frozenset[str]] = {
    stream.name: frozenset(catalogs.all_columns(stream.name)) for stream in ALL
}
"""By stream, its columns under any version of the API."""

SETTINGS = frozenset({*DECLARED, *ALIASES, BATCH_CONFIG, "faker_config"})

_FIELDS = frozenset(
    field
    for stream in ALL
    for schema in catalogs.all_columns(stream.name).values()
    for field in schema.get("items", schema).get("properties", ())
)
"""The fields of objects in columns."""

NAMES = SETTINGS | COLUMNS.keys() | frozenset().union(*COLUMNS.values()) | _FIELDS | OTHERS
"""Every name with an underscore that a page may have as code."""

_FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_NAME = re.compile(r"([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?:[:=].*)?")
_DOTTED = re.compile(r"([a-z][a-z0-9_]*)\.([a-z*][a-z0-9_*]*)")
_PATH = re.compile(r"`((?:benchmarks|docs|emulator|examples|plugins|tests)/[\w./-]*)`")
_VARIABLE = re.compile(r"\bTAP_PARDOT_([A-Z][A-Z_]*)")
_CODE = re.compile(
    r"(?<![Ee]xit )(?<!status )(?<!type )\b[Cc]odes? (\d+(?:(?:, | or | and )\d+)*)\b"
)
_SETTER = re.compile(r"meltano config (?:--\S+ )*(?:set )?tap-pardot (?:set )?([a-z]\w*)")
_SELECT = re.compile(r"meltano select (?:--\S+ )*tap-pardot '?\"?([\w*]+)'?\"?(?: '?\"?([\w*]+))?")
_TABLE = re.compile(r"\b(?:FROM|JOIN)\s+(?!information_schema\.)(?:\w+\.)?(\w+)", re.IGNORECASE)
_CTE = re.compile(r"\b(\w+)\s+AS\s+\(", re.IGNORECASE)
_BREAK = re.compile(r"\s+")


class Fence(NamedTuple):
    """A block of code, and its language."""

    language: str
    text: str


def fences(text: str) -> list[Fence]:
    """Return the blocks of code of a page."""
    return [Fence(*found) for found in _FENCE.findall(text)]


def prose(text: str) -> str:
    """Return a page without its blocks of code and comments."""
    return re.sub(r"<!--.*?-->", "", _FENCE.sub("", text), flags=re.DOTALL)


def problems(text: str) -> Iterator[str]:
    """Yield a sentence for each name or code in a page that the tap does not have."""
    yield from _spans(text)
    yield from _paths(text)
    yield from _variables(text)
    yield from _codes(text)
    for fence in fences(text):
        yield from _BY_LANGUAGE.get(fence.language, _anything)(fence.text)


def _spans(text: str) -> Iterator[str]:
    """Check what is written as code inside of sentences and tables."""
    for found in _SPAN.findall(prose(text)):
        span = _BREAK.sub(" ", found)
        if dotted := _DOTTED.fullmatch(span):
            yield from _dotted(*dotted.groups())
        elif (name := _NAME.fullmatch(span)) and name[1] not in NAMES:
            yield f"`{name[1]}` is no setting, stream or column"


def _paths(text: str) -> Iterator[str]:
    """Check the paths of the repository that are written as code."""
    for path in _PATH.findall(prose(text)):
        if not (ROOT / path).exists():
            yield f"`{path}` does not exist"


def _dotted(stream: str, column: str) -> Iterator[str]:
    if stream in COLUMNS:
        yield from _column(stream, column)
    elif "_" in column and column not in COLUMNS and column in NAMES - OTHERS:
        yield f"`{stream}.{column}`: {stream} is no stream"


def _column(stream: str, pattern: str) -> Iterator[str]:
    if not any(fnmatchcase(column, pattern) for column in COLUMNS[stream]):
        yield f"{stream} has no column {pattern}"


def _variables(text: str) -> Iterator[str]:
    for name in _VARIABLE.findall(text):
        if name.lower() not in SETTINGS and name != "LOGLEVEL":  # the SDK reads that one
            yield f"TAP_PARDOT_{name} is the variable of no setting"


def _codes(text: str) -> Iterator[str]:
    for found in _CODE.findall(_BREAK.sub(" ", prose(text))):
        for code in map(int, re.findall(r"\d+", found)):
            if code not in RULES:
                yield f"code {code} is not in the table of codes"


def _anything(text: str) -> Iterator[str]:  # noqa: ARG001
    yield from ()


# --- blocks of code ---


def _shell(text: str) -> Iterator[str]:
    for name in _SETTER.findall(text):
        if name not in SETTINGS:
            yield f"{name} is no setting"
    for stream, column in _SELECT.findall(text):
        yield from _selection(f"{stream}.{column or '*'}")


def _json(text: str) -> Iterator[str]:
    """Check the keys of a ``config.json``."""
    try:
        found = json.loads(text)
    except ValueError:
        return
    if isinstance(found, dict) and "pardot_business_unit_id" in found:
        yield from _config(found)


def _sql(text: str) -> Iterator[str]:
    own = {name.lower() for name in _CTE.findall(text)}
    for name in _TABLE.findall(text):
        if name.lower() not in own and name not in COLUMNS:
            yield f"{name} is the table of no stream"


def _yaml(text: str) -> Iterator[str]:
    """Check what a ``meltano.yml`` says of tap-pardot, or a part of one."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        yield f"a block of YAML cannot be read: {error}"
        return
    if isinstance(found, dict) and found.keys() <= _EXTRACTOR:
        yield from _extractor(found)
    else:
        yield from _plugins(found)


_EXTRACTOR = frozenset({"config", "select", "metadata", "schema", "settings"})


def _plugins(found: Any) -> Iterator[str]:
    """Check each extractor that is tap-pardot, or inherits from it."""
    if isinstance(found, list):
        for each in found:
            yield from _plugins(each)
    elif isinstance(found, dict):
        names = {found.get("name"), found.get("inherit_from")}
        if any(isinstance(name, str) and name.startswith("tap-pardot") for name in names):
            yield from _extractor(found)
        else:
            yield from _plugins([*found.values()])


def _extractor(found: Mapping[str, Any]) -> Iterator[str]:
    yield from _config(found.get("config") or {})
    yield from _config({each["name"]: None for each in found.get("settings") or ()})
    for pattern in found.get("select") or ():
        yield from _selection(pattern)
    for extra in ("metadata", "schema"):
        for stream, given in (found.get(extra) or {}).items():
            yield from _extra(stream, given if extra == "schema" else _keyed(given))


def _keyed(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of a stream's metadata that names columns."""
    key = (metadata or {}).get("replication-key")
    return {key: None} if key else {}


def _extra(stream: str, columns: Mapping[str, Any]) -> Iterator[str]:
    for column in columns or ():
        yield from _selection(f"{stream}.{column}")
    if not columns:
        yield from _selection(f"{stream}.*")


def _selection(pattern: str) -> Iterator[str]:
    """Check a pattern of streams and columns, as Meltano's ``select`` has them."""
    stream, _, column = pattern.removeprefix("!").partition(".")
    streams = [name for name in COLUMNS if fnmatchcase(name, stream)]
    if not any(fnmatchcase(each, column) for name in streams for each in COLUMNS[name]):
        yield f"{pattern} selects nothing that exists"


def _config(found: Mapping[str, Any]) -> Iterator[str]:
    for name in found:
        if name not in SETTINGS:
            yield f"{name} is no setting"
    for name in found.get("include") or ():
        stream, _, column = str(name).partition(".")
        yield from _selection(f"{stream}.{column or '*'}")
    for stream in found.get("stream_maps") or ():
        if not stream.startswith("__"):
            yield from _selection(f"{stream}.*")


_BY_LANGUAGE = {"sh": _shell, "json": _json, "sql": _sql, "yaml": _yaml, "yml": _yaml}
