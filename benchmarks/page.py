"""Makes docs/benchmarks.md and its plots from the figures that were kept.

    python benchmarks/page.py

The benchmarks do the same with ``--save``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plots
import results
from measure import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

DOCS = ROOT / "docs"

_INTRODUCTION = """\
# Benchmarks

This page is written by `benchmarks/` from the figures in `benchmarks/results/`; what the commands
do is described in `benchmarks/README.md`. All rows come from the emulator,
which runs in a process of its own on the same machine. Seconds depend on the machine and on what
else runs there; ratios and instructions much less.
"""


def write_page() -> None:
    """Write the page and its plots."""
    for name, content in pages().items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def pages() -> dict[str, str]:
    """Return the content of the page and of its plots, by their paths in ``docs/``."""
    found: dict[str, str] = {}
    parts = [_INTRODUCTION]
    for name, section in SECTIONS.items():
        kept = results.load(name)
        if kept is not None:
            parts += [section(kept["figures"], found), _origin(kept)]
    return {"benchmarks.md": "\n".join(parts), **found}


def _origin(kept: dict[str, Any]) -> str:
    machine = kept["machine"]
    load = f" (load {machine['load']})" if "load" in machine else ""
    return (
        f"`{kept['command']}`, {kept['date']}, {machine['cores']} cores{load}, "
        f"{machine['system']}, Python {machine['python']}.\n"
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; the first column is text, the others are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _record_path(figures: dict[str, Any], files: dict[str, str]) -> str:
    introduction = (
        "## The cost of a row\n\n"
        "CPU time of the tap's process for each further row, without start and login, beside the\n"
        "least that a program must do for the same rows (the bare loop), an ordinary tap on the\n"
        "SDK and singer-io's tap. The figure is the difference of the best run with many rows and\n"
        "the best one with few; the spread is over the rounds. All are relative to the bare loop.\n"
        "singer-io's tap knows neither exports nor custom fields: it reads fewer columns, by\n"
        "query.\n\n"
        "![CPU time of a row](benchmarks/cost-of-a-row.svg)\n"
    )
    parts = [introduction]
    files["benchmarks/cost-of-a-row.svg"] = plots.bars(
        "µs of CPU time per row",
        {
            _title(name): {tap: one["cost"] for tap, one in case["taps"].items()}
            for name, case in figures.items()
        },
    )
    for name, case in figures.items():
        rows = [
            (
                tap,
                f"{one['cost']:.1f}",
                f"{one['ratio']:.2f}",
                f"{one['spread'][0]:.2f} to {one['spread'][1]:.2f}",
                f"{one['rows_per_second']:,.0f}",
                f"{one['memory']:.0f}",
                f"{one['calls']:,}",
            )
            for tap, one in case["taps"].items()
        ]
        header = ("", "µs a row", "of bare", "spread", "rows/s", "MB", "calls")
        parts.append(f"### {_title(name)}: {case['rows']:,} rows\n\n{_table(header, rows)}")
    return "\n".join(parts)


def _instructions(figures: dict[str, Any], _: dict[str, str]) -> str:
    rows = [
        (
            _title(name),
            *(f"{one['cost']:,.0f}" for one in case["taps"].values()),
            f"{case['taps']['tap-pardot-sdk']['ratio']:.2f}",
        )
        for name, case in figures.items()
    ]
    return (
        "## Instructions of a row\n\n"
        "Counted by valgrind, which gives nearly the same number on a busy machine.\n\n"
    ) + _table(("", "bare loop", "tap-pardot-sdk", "ratio"), rows)


def _latency(figures: dict[str, Any], files: dict[str, str]) -> str:
    seconds = {int(number): one for number, one in figures["seconds"].items()}
    files["benchmarks/time-by-workers.svg"] = plots.line(
        "seconds", "requests at the same time (max_concurrent_requests)", seconds
    )
    rows = [
        (f"{number}", f"{one:.1f}", f"{seconds[min(seconds)] / one:.2f}")
        for number, one in sorted(seconds.items())
    ]
    return (
        "## Time with several requests at once\n\n"
        f"{figures['rows']:,} clicks by query, {figures['latency'] * 1000:.0f} ms a call, without "
        "start and login.\n\n"
        "![Time by requests at once](benchmarks/time-by-workers.svg)\n\n"
    ) + _table(("requests at once", "seconds", "times as fast"), rows)


def _scale(figures: dict[str, Any], _: dict[str, str]) -> str:
    rows = [
        (
            source,
            f"{one['rows']:,}",
            f"{one['seconds']:,.1f}",
            f"{one['cpu']:,.1f}",
            "" if one["cost"] is None else f"{one['cost']:.1f}",
            f"{one['memory']:.0f}",
        )
        for source, sizes in figures["sources"].items()
        for one in sizes
    ]
    header = ("", "rows", "seconds", "s of CPU", "µs a further row", "MB at the peak")
    return (
        "## From ten thousand to five million rows\n\n"
        f"Visitor activities, up to {figures['workers']} requests at once.\n\n"
    ) + _table(header, rows)


def _targets(figures: dict[str, Any], _: dict[str, str]) -> str:
    introduction = (
        "## Targets\n\n"
        "What targets take for the rows of this tap: CPU time of the target's own process and\n"
        "rows per second from a file, and rows per second behind the tap.\n"
    )
    parts = [introduction]
    for name, case in figures.items():
        rows = [
            (
                target,
                f"{one['cost']:.0f}",
                f"{one['rows_per_second']:,.0f}",
                f"{one['memory']:.0f}",
                f"{one['pipe_rows_per_second']:,.0f}",
            )
            for target, one in case["targets"].items()
        ]
        header = ("", "µs a row", "rows/s", "MB", "rows/s behind the tap")
        parts.append(f"### {name.capitalize()}: {case['rows']:,} rows\n\n{_table(header, rows)}")
    return "\n".join(parts)


def _calls(figures: dict[str, Any], _: dict[str, str]) -> str:
    runs = figures["runs"]
    streams = next(iter(runs.values()))["calls"]
    rows = [
        (stream, *(f"{run['calls'].get(stream, 0):,}" for run in runs.values()))
        for stream in streams
    ]
    rows.append(("**all**", *(f"**{run['total']:,}**" for run in runs.values())))
    return (
        "## API calls\n\n"
        f"Of an account with {figures['rows']:,} rows of each big object: a first run of all\n"
        "streams, then hourly ones in which so many rows of each kind have changed.\n\n"
    ) + _table(("stream", *runs), rows)


def _title(case: str) -> str:
    """Return a case in words: "activities-export" becomes "Activities by export"."""
    return case.replace("-", " by ").capitalize()


SECTIONS: dict[str, Callable[[dict[str, Any], dict[str, str]], str]] = {
    "record_path": _record_path,
    "instructions": _instructions,
    "latency": _latency,
    "scale": _scale,
    "targets": _targets,
    "calls": _calls,
}
"""How the figures of each benchmark become a part of the page; plots go into the mapping."""


if __name__ == "__main__":
    write_page()
