"""A child that starts with the first knock, and again after whatever ended it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paywall.cli.processes import ActivatedChild, unix_listener

ANSWERS = """
import os, socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    peer, _ = listener.accept()
    peer.sendall(str(os.getpid()).encode())
    peer.close()
"""


@pytest.fixture
def child(tmp_path: Path) -> Iterator[ActivatedChild]:
    path = tmp_path / "b.sock"
    command = [sys.executable, "-c", ANSWERS, "{fd}"]
    made = ActivatedChild("bot", command, dict(os.environ), lambda: unix_listener(path))
    made.AGAIN_AFTER_S = 0.0
    made.start()
    yield made
    made.end(signal.SIGKILL)
    made.wait(5)
    made.close()


def knock(tmp_path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(str(tmp_path / "b.sock"))
    return client


def test_nothing_runs_until_somebody_knocks(child: ActivatedChild, tmp_path: Path) -> None:
    assert child.process is None
    assert not child.called()
    with knock(tmp_path) as client:
        assert child.called()
        child.start()
        assert client.recv(20) == str(child.process.pid).encode()  # type: ignore[union-attr]
    assert not child.called()
    assert not child.died()


def test_a_killed_process_is_started_by_the_next_knock_which_is_not_lost(
    child: ActivatedChild, tmp_path: Path
) -> None:
    with knock(tmp_path) as client:
        child.start()
        assert client.recv(20)
    child.end(signal.SIGKILL)
    child.wait(5)
    with knock(tmp_path) as client:
        assert child.called()
        child.start()
        assert client.recv(20)


def test_the_socket_is_for_this_user_alone_and_replaces_a_stale_one(tmp_path: Path) -> None:
    path = tmp_path / "b.sock"
    unix_listener(path).close()
    second = unix_listener(path)
    assert path.stat().st_mode & 0o077 == 0
    second.close()
