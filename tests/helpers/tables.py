"""Tables of README and docs, made from the code: ``python -m tests.helpers.tables`` writes them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tap_pardot.api.codes import RULES, Action, Rule
from tap_pardot.api.dialect import Export, Query
from tap_pardot.config.validation import SETTINGS
from tap_pardot.streams import STREAMS, V5_STREAMS
from tap_pardot.streams.endpoints import endpoints_of, is_bulk, parents_of, query_of
from tap_pardot.streams.variants import V5, off_by_default, variants_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_pardot.streams.base import PardotStream

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
VERSIONS = ROOT / "docs" / "versions.md"

_WINDOWS = ("what changed since the last run", "1 + 1 for each 200 changed rows")
_WHOLE = ("everything, each run", "1 + 1 for each 200 rows")
_CHILDREN = {
    "email_stats": "1 for each list e-mail with activities, clicks or a sending not long ago",
    "email_templates": "1 + 1 for each template that was used, or is new in the list",
    "emails": "1 for each e-mail with activities or clicks that is not remembered",
    "opportunity_prospects": "none but those of `opportunities`",
    "visitor_page_views": "none but those of `visits`",
    "visits": "1 for each 200 changed visitors + 1 for each 200 visits",
}
_CHILDREN_OF_VERSION_5 = {
    "email_stats": "1 for each list e-mail that is new, sent lately or has activities or clicks",
    "list_email_lists": "1 for each new or changed list e-mail",
}
_ACTS = {
    Action.RETRY: "tries again",
    Action.RETRY_SMALLER: "tries again",
    Action.LOGIN: "logs in again once",
    Action.SWITCH_VERSION: "changes the API version once",
    Action.SKIP_STREAM: "skips the stream, exit code 0",
    Action.FAIL_STREAM: "ends the stream, exit code 1",
    Action.STOP_CLEANLY: "stops cleanly, exit code 2",
    Action.ABORT: "stops, exit code 1",
}


def settings_table() -> str:
    """Return one row per setting."""
    lines = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for name, definition in SETTINGS["properties"].items():
        flags = " (required)" if name in SETTINGS["required"] else ""
        flags += " (secret)" if definition.get("secret") else ""
        default = definition.get("default")
        shown = "" if default is None else f"`{str(default).lower()}`"
        lines.append(f"| `{name}`{flags} | {shown} | {definition['description']} |")
    return "\n".join(lines)


def _kind(stream: type[PardotStream]) -> tuple[str, str]:
    """Return how a stream is read, and the calls that this costs."""
    endpoint, key = endpoints_of(stream)[0], stream.replication_key
    if parents := parents_of(stream):
        return "through " + ", ".join(f"`{name}`" for name in parents), _CHILDREN[stream.name]
    if isinstance(endpoint, Export):
        what = "what changed since the last run" if isinstance(key, str) else "everything, each run"
        how = "export" if query_of(stream) is None else "query or export"
        return f"{what}, by {how}", "see [Exports](#exports)"
    if not isinstance(endpoint, Query):
        return "one record, each run", "1, the call that begins every run"
    if endpoint.append_only:
        return "new rows, after the last id", "2 + 1 for each 200 new rows"
    if endpoint.by_offset:
        return "what changed since the last run, by offset", "1 + 1 for each full page"
    return _WINDOWS if isinstance(key, str) else _WHOLE


def _kind_by_version_5(stream: type[PardotStream]) -> tuple[str, str]:
    """Return how version 5 reads a stream, and the calls that this costs."""
    variant = variants_of(stream)[V5]
    query = variant.query
    if variant.parents:
        parents = ", ".join(f"`{name}`" for name in variant.parents)
        return f"through {parents}", _CHILDREN_OF_VERSION_5[stream.name]
    if query is None:
        return "one record, each run", "1 besides the call that begins every run"
    rows = f"{query.page_size or 1000:,}"
    if query.append_only:
        return "new rows, after the last id", f"2 + 1 for each {rows} new rows"
    if query.time is None:
        return "everything, each run", f"1 + 1 for each {rows} rows"
    calls = f"1 + 1 for each {rows} changed rows"
    return "what changed since the last run", f"{calls}, or an export" * is_bulk(stream) or calls


def streams_table() -> str:
    """Return one row per stream."""
    lines = ["| Stream | Rows | Read | API calls a run |", "|---|---|---|---|"]
    for stream in sorted((*STREAMS, *V5_STREAMS), key=lambda each: each.name):
        kind, calls = (_kind if stream in STREAMS else _kind_by_version_5)(stream)
        what = " ".join((stream.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")
        only = "" if stream in STREAMS else " *Version 5 only.*"
        lines.append(f"| `{stream.name}` | {what}{only} | {kind} | {calls} |")
    return "\n".join(lines)


def versions_table() -> str:
    """Return one row per stream that version 5 reads."""
    heads = ("Stream", "Read by version 5", "API calls a run", "Only version 5 has", "Off")
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|---|"]
    for stream in sorted((*STREAMS, *V5_STREAMS), key=lambda each: each.name):
        if V5 not in variants_of(stream):
            continue
        kind, calls = _kind_by_version_5(stream)
        new = "the whole stream" if stream in V5_STREAMS else _listed(stream.v5_columns)
        off = _listed(sorted(off_by_default(stream)))
        off = off if stream.selected_by_default else "the whole stream"
        lines.append(f"| `{stream.name}` | {kind} | {calls} | {new} | {off} |")
    return "\n".join(lines)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def errors_table() -> str:
    """Return one row per rule for Pardot's error codes, those of the tap's own faults left out."""
    lines = ["| Pardot code | The tap | What to do |", "|---|---|---|"]
    codes: dict[Rule, list[int]] = {}
    for code, rule in sorted(RULES.items()):
        codes.setdefault(rule, []).append(code)
    for rule, same in codes.items():
        if "fault of this tap" not in rule.message:
            lines.append(f"| {', '.join(map(str, same))} | {_ACTS[rule.action]} | {rule.message} |")
    return "\n".join(lines)


TABLES = {
    README: {"settings": settings_table, "streams": streams_table, "errors": errors_table},
    VERSIONS: {"versions": versions_table},
}


def with_tables(path: Path) -> str:
    """Return the text of a file with what stands between the marks of each table made anew."""
    text = path.read_text(encoding="utf-8")
    for name, make in TABLES[path].items():
        begin, end = f"<!-- table: {name} -->", "<!-- end of table -->"
        pattern = re.compile(f"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
        made = make().replace("\\", r"\\")
        text, number = pattern.subn(rf"\1{made}\n\2", text)
        if number != 1:
            raise ValueError(f"the text needs the table {name} once, not {number} times")
    return text


if __name__ == "__main__":
    for each in TABLES:
        each.write_text(with_tables(each), encoding="utf-8")
