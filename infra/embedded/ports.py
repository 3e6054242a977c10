"""The port of an embedded server: the same at every start of its folder, because URLs with it are handed out."""

import random
import socket
from collections.abc import Iterator
from pathlib import Path

import structlog

from infra.embedded.identity import User
from infra.embedded.process import write_private_file

FILE = "port"
_DRAWN_FROM = range(15_000, 32_000)
"""Below those that the kernel gives to outgoing connections, which would take a stopped server's port now and then."""
_ATTEMPTS = 5
_log = structlog.get_logger(__name__)


def candidates(folder: Path) -> Iterator[int]:
    """Free ports to try in turn: the folder's own first, then drawn ones.

    That a port is free may have changed by the time the server binds it.
    """
    kept = _kept(folder)
    if kept is not None and _is_free(kept):
        yield kept
    for _ in range(_ATTEMPTS):
        yield free_port()


def free_port() -> int:
    """A port on which nothing listens now."""
    while not _is_free(port := random.choice(_DRAWN_FROM)):  # noqa: S311 - no secret
        pass
    return port


def keep(folder: Path, port: int, user: User) -> None:
    """Note the port on which the folder's server listens, for every later start; say so where it is not its own."""
    kept = _kept(folder)
    if kept is None:
        write_private_file(folder / FILE, str(port), user)
    elif kept != port:
        _log.warning(
            "another program listens on this server's port: URLs handed out earlier do not work until it is free again",
            server=folder.name,
            port=kept,
            this_time=port,
        )


def is_taken(error: Exception) -> bool:
    """Whether a server that did not start found its port taken."""
    return "address already in use" in str(error).lower()


def _kept(folder: Path) -> int | None:
    try:
        return int((folder / FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that have ended do not matter
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
