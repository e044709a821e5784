"""Both distributions have the version of the newest tag; a tree without one still builds."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("pyproject.toml", "emulator/pyproject.toml", ".git_archival.txt", ".gitattributes")
pytestmark = pytest.mark.skipif(
    "$Format" not in (ROOT / ".git_archival.txt").read_text(),
    reason="an archive has its version in .git_archival.txt",
)
GIT = ("git", "-c", "user.name=tests", "-c", "user.email=tests@example.com", "-c", "tag.gpgsign=no")


@pytest.fixture
def tree(tmp_path):
    """A folder with the files that decide the versions."""
    for name in FILES:
        target = tmp_path / "tree" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return tmp_path / "tree"


def git(tree, *arguments):
    run = subprocess.run([*GIT, *arguments], cwd=tree, check=True, capture_output=True)
    return run.stdout


def commit(tree):
    if not (tree / ".git").exists():
        git(tree, "init", "--quiet")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--message=x")


def versions(tree):
    """Return the versions that a build of the tap and of the emulator would have."""
    command = [sys.executable, "-m", "hatchling", "version"]
    return [
        subprocess.run(
            command, cwd=tree / folder, check=True, capture_output=True, text=True
        ).stdout.strip()
        for folder in (".", "emulator")
    ]


def test_both_distributions_have_the_version_of_the_tag(tree):
    commit(tree)
    git(tree, "tag", "v1.2.3")

    assert versions(tree) == ["1.2.3", "1.2.3"]


def test_a_commit_after_the_tag_is_a_development_version_of_the_next_release(tree):
    commit(tree)
    git(tree, "tag", "v1.2.3")
    commit(tree)

    assert [version.partition("+")[0] for version in versions(tree)] == ["1.2.4.dev1"] * 2


def test_a_clone_without_tags_has_a_development_version(tree):
    commit(tree)

    assert [version.partition("+")[0] for version in versions(tree)] == ["0.0.1.dev1"] * 2


def test_a_tree_without_git_has_the_fallback_version(tree):
    assert versions(tree) == ["0.0.0", "0.0.0"]


def test_an_archive_of_the_tag_has_its_version(tree, tmp_path):
    commit(tree)
    git(tree, "tag", "v1.2.3")
    archive = tmp_path / "archive.tar"
    archive.write_bytes(git(tree, "archive", "v1.2.3"))
    shutil.unpack_archive(archive, tmp_path / "unpacked")

    assert versions(tmp_path / "unpacked") == ["1.2.3", "1.2.3"]
