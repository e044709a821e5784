"""A missing package index must fail these tests, in words: a skipped comparison proves nothing."""

from __future__ import annotations

import pytest

from tests.third_party import environments

pytestmark = pytest.mark.third_party


def test_a_client_that_cannot_be_installed_is_a_sentence_and_leaves_nothing_to_reuse(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    with pytest.raises(environments.NotInstalledError, match="a package index that pip can reach"):
        environments.environment(environments.SINGER_IO)

    assert not list(tmp_path.glob(".venvs/*/ready"))
