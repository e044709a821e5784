"""Draws what the demo prints as the picture of the README: ``python -m examples.picture``.

It runs the demo and writes ``docs/demo.svg``. With ``--from FILE`` it draws what an earlier run of
the demo has printed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "demo.svg"
COMMAND = "python -m examples.demo"
LINE_HEIGHT, CHARACTER_WIDTH, MARGIN = 16, 7.3, 16
"""Pixels, for a monospaced font of 12 pixels."""
STYLE = (
    "text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #d6deeb; "
    "white-space: pre; } .good { fill: #7fdb8f; font-weight: bold; } .typed { fill: #82aaff; }"
)


def main() -> int:
    """Write the picture and return the exit code, which is that of the demo."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--from", dest="printed", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.printed:
        printed = options.printed.read_text()
    else:
        command = [sys.executable, "-m", "examples.demo"]
        finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if finished.returncode:
            return finished.returncode
        printed = finished.stdout
    PICTURE.write_text(drawn(printed))
    print(f"Wrote {PICTURE}.")
    return 0


def drawn(printed: str) -> str:
    """Return an SVG picture of a terminal in which the demo has printed a text."""
    lines = [f"$ {COMMAND}", *printed.strip().splitlines()]
    width = round(max(map(len, lines)) * CHARACTER_WIDTH + 2 * MARGIN)
    height = len(lines) * LINE_HEIGHT + 2 * MARGIN
    texts = [
        f'<text x="{MARGIN}" y="{MARGIN + LINE_HEIGHT * number - 4}"{class_of(line)}>'
        f"{escape(line)}</text>"
        for number, line in enumerate(lines, start=1)
        if line
    ]
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
                f'viewBox="0 0 {width} {height}" role="img">'
            ),
            f"<title>{COMMAND}: what it prints</title>",
            f"<style>{STYLE}</style>",
            '<rect width="100%" height="100%" rx="8" fill="#0f1b2d"/>',
            *texts,
            "</svg>",
            "",
        ]
    )


def class_of(line: str) -> str:
    """Return the attribute that colors a line."""
    if line.startswith("$ "):
        return ' class="typed"'
    return ' class="good"' if re.search(r"^Complete|counts agree", line) else ""


if __name__ == "__main__":
    sys.exit(main())
