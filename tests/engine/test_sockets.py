"""Open files, keepalive, and the system's words."""

from __future__ import annotations

import errno
import resource
import socket

import pytest

from joulehash.engine.sockets import keep_alive, reason_of, room_for


@pytest.mark.parametrize(
    ("soft", "hard", "asked", "granted", "then"),
    [
        (1024, 4096, 100, 100, 1024),
        (1024, 4096, 2000, 2000, 2064),
        (1024, 4096, 5000, 4032, 4096),
        (1024, resource.RLIM_INFINITY, 5000, 5000, 5064),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 5000, 5000, resource.RLIM_INFINITY),
        (32, 32, 5000, 1, 32),
    ],
)
def test_makes_room_for_sockets(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, asked: int, granted: int, then: int
) -> None:
    limits = [soft, hard]

    def get(which: int) -> tuple[int, int]:
        assert which == resource.RLIMIT_NOFILE
        return limits[0], limits[1]

    def put(which: int, new: tuple[int, int]) -> None:
        assert new[1] == hard
        limits[:] = new

    monkeypatch.setattr(resource, "getrlimit", get)
    monkeypatch.setattr(resource, "setrlimit", put)
    assert room_for(asked) == granted
    assert limits == [then, hard]


def test_a_socket_is_kept_alive() -> None:
    with socket.socket() as sock:
        keep_alive(sock)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.EADDRINUSE, "error while attempting to bind on address ('::1', 1): …"),
            "address already in use",
        ),
        (OSError("Multiple exceptions: [Errno 111] one, [Errno 101] other"), "connection refused"),
        (OSError("odd"), "odd"),
        (ConnectionResetError(), "the connection was lost"),
    ],
)
def test_the_systems_words(error: OSError, words: str) -> None:
    assert reason_of(error) == words
