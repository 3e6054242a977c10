"""The data directory: one owner at a time, and what others may know about it."""

import asyncio
import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.identity import User
from infra.embedded.process import ServerError, server_user, write_private_file

# Held by the owner and by its servers: free once nothing works on the files any more.
_LOCK = "lock"
# Held by the owner alone, and naming it: tells a live owner from servers that are still stopping after its death.
# A pid would not tell: it may belong to a zombie, to another container, or to another program by now.
_OWNER = "owner"
_ENDPOINTS = "endpoints.json"
_POLL_S = 0.05


class DirectoryInUse(RuntimeError):
    """Another process owns the data directory; the message names its command and pid."""


@dataclass(frozen=True)
class Owner:
    """The process that holds the lock; the URLs are empty until its servers are ready."""

    pid: int
    command: str
    database_url: str = ""
    nats_url: str = ""


class OwnedDirectory:
    """A data directory this process holds the lock of."""

    def __init__(self, path: Path, command: str, lock_fd: int) -> None:
        self.path = path
        self.lock_fd = lock_fd
        self._command = command
        self._owner_fd = os.open(path / _OWNER, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._owner_fd, fcntl.LOCK_EX)  # waits at most for another process that reads it
        text = json.dumps({"pid": os.getpid(), "command": command}).encode()
        os.pwrite(self._owner_fd, text, 0)
        os.ftruncate(self._owner_fd, len(text))
        (path / _ENDPOINTS).unlink(missing_ok=True)  # the lock was free, so it is stale

    def announce(self, *, database_url: str, nats_url: str) -> None:
        """Tell other processes where the servers are (readable by the owner's user only: it holds passwords)."""
        owner = {"pid": os.getpid(), "command": self._command, "database_url": database_url, "nats_url": nats_url}
        write_private_file(self.path / _ENDPOINTS, json.dumps(owner), User(os.geteuid(), os.getegid()))

    def withdraw(self) -> None:
        (self.path / _ENDPOINTS).unlink(missing_ok=True)

    def release(self) -> None:
        """Give up the lock; it is free once the last server that holds it open is gone too."""
        os.close(self._owner_fd)
        os.close(self.lock_fd)


async def claim_directory(
    path: Path, *, command: str, share_with: frozenset[str], timeout_s: float = 20.0
) -> OwnedDirectory | Owner:
    """Become the owner of `path`, or learn the ready owner whose command is in `share_with`.

    An owner that is still starting, or whose servers are still stopping after its death, is waited for.
    Raises DirectoryInUse, and ServerError when `path` holds files of another program.
    """
    path = _prepare(path)
    deadline = time.monotonic() + timeout_s
    while (lock_fd := _try_lock(path)) is None:
        owner = _live_owner(path)
        if owner is not None:
            if owner.command not in share_with:
                raise DirectoryInUse(_refusal(path, owner))
            if owner.database_url:
                return owner
        if time.monotonic() > deadline:
            raise DirectoryInUse(_refusal(path, owner))
        await asyncio.sleep(_POLL_S)
    return OwnedDirectory(path, command, lock_fd)


def _prepare(path: Path) -> Path:
    path = path.resolve()
    made = not path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path / _LOCK, os.O_RDWR)) if (path / _LOCK).exists() else None
    except OSError as error:
        reason = f"{error.strerror} ({error.filename})"
        raise ServerError(f"{path} can't be used as a data directory: {reason}; choose another --data-dir") from None
    if not (path / _LOCK).exists():
        strangers = [name for name in ("postgres", "nats") if (path / name).exists()]
        if strangers:
            raise ServerError(f"{path / strangers[0]} is not ours: choose another --data-dir")
    if made:
        # As root our servers are another user, who must pass this folder (not list it); what is in it is 0600 or 0700.
        path.chmod(0o700 if server_user().is_us else 0o711)
    return path


def _try_lock(path: Path) -> int | None:
    handle = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _live_owner(path: Path) -> Owner | None:
    try:
        handle = os.open(path / _OWNER, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_owner(path)
    finally:
        os.close(handle)
    return None


def _read_owner(path: Path) -> Owner | None:
    for name in (_ENDPOINTS, _OWNER):
        try:
            return Owner(**json.loads((path / name).read_text(encoding="utf-8")))
        except (FileNotFoundError, json.JSONDecodeError):  # not there, or being written
            continue
    return None


def _refusal(path: Path, owner: Owner | None) -> str:
    if owner is None:
        return f"{path} is in use: the servers of a claims process that is gone still run on it"
    return (
        f"{path} is in use by `claims {owner.command}` (pid {owner.pid}): stop it first, or choose another --data-dir"
    )
