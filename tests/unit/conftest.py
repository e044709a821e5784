"""Unit tests open no socket and start no process."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import NoReturn

import pytest

FORBIDDEN = {
    socket.socket: ("bind", "connect", "connect_ex", "listen", "sendto"),
    socket: ("create_connection", "create_server", "getaddrinfo", "socketpair"),
    subprocess.Popen: ("__init__",),
    os: ("execv", "execve", "fork", "forkpty", "kill", "posix_spawn", "posix_spawnp", "system"),
}


@pytest.fixture(autouse=True)
def _no_socket_and_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that opens a socket or starts a process: it belongs into tests/integration."""

    def refuse(*_: object, **__: object) -> NoReturn:
        pytest.fail("A unit test opens no socket and starts no process: see tests/integration.")

    for owner, names in FORBIDDEN.items():
        for name in names:
            monkeypatch.setattr(owner, name, refuse, raising=False)
