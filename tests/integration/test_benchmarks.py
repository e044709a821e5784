"""The benchmarks run and tell what they measured; with few rows their figures mean nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks"


def run(name, *options):
    command = [sys.executable, str(FOLDER / name), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_the_cost_of_a_row_is_printed_beside_that_of_a_bare_loop():
    few = ("--rows", "0.02", "--rounds", "1", "--no-peers")

    done = run("record_path.py", *few, "--case", "prospects-export")

    assert done.returncode in {0, 1}, done.stderr  # 1: more than 1.25x, by chance
    assert not done.stderr
    assert "bare loop" in done.stdout
    assert "tap-pardot-sdk" in done.stdout


def test_all_rows_of_each_size_come_in_flat_memory():
    done = run("scale.py", "--most", "1000")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "query: " in done.stdout
    assert "export: " in done.stdout


def test_calls_are_counted_by_stream():
    done = run("calls.py", "--rows", "120", "--changes", "20")

    lines = done.stdout.splitlines()
    assert done.returncode in {0, 1}, done.stderr
    assert lines[0].split("  ")[-1].strip() == "20 changes"
    first, idle, busy = map(int, lines[-1].replace(",", "").split()[1:])
    assert first > busy > idle > 0
