"""Spawning a server that never outlives this process and never runs as root."""

import asyncio
import ctypes
import os
import pwd
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

UNPRIVILEGED_USER = "nobody"
POLL_S = 0.01
_PR_SET_PDEATHSIG = 1
# Loaded here, because nothing may be imported between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True)


class ServerError(RuntimeError):
    """An embedded server could not be started; the message says what to do about it."""


@dataclass(frozen=True)
class User:
    """Numeric identity a server runs under."""

    uid: int
    gid: int


def server_user() -> User:
    """The user for embedded servers: ourselves, or `nobody` when we are root (PostgreSQL refuses root)."""
    if os.geteuid() != 0:
        return User(os.geteuid(), os.getegid())
    entry = pwd.getpwnam(UNPRIVILEGED_USER)
    return User(entry.pw_uid, entry.pw_gid)


def check_reachable(path: Path, user: User) -> None:
    """Raise ServerError naming the first folder above (or at) `path` that `user` may not pass."""
    if user.uid == os.geteuid():
        return
    path = path.resolve()
    for folder in [*reversed(path.parents), path]:
        status = folder.stat()
        if status.st_uid == user.uid:
            needed = stat.S_IXUSR
        elif status.st_gid == user.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            raise ServerError(
                f"embedded servers run as user {UNPRIVILEGED_USER!r} when started by root, and that user cannot pass "
                f"{folder} (mode {stat.S_IMODE(status.st_mode):04o}) on the way to {path}. Run as an ordinary user, or "
                f"keep the program and its data directory where others may pass, such as /srv or /opt."
            )


def make_private_folder(path: Path, user: User) -> None:
    """Create `path` (or take over the one made earlier) with mode 0700, owned by `user`."""
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    if user.uid != os.geteuid():
        os.chown(path, user.uid, user.gid)


def write_private_file(path: Path, text: str, user: User) -> None:
    """Replace `path` by `text` in one step, mode 0600, owned by `user`."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if user.uid != os.geteuid():
            os.fchown(handle, user.uid, user.gid)
        file.write(text)
        file.flush()
        os.fsync(handle)
    draft.replace(path)


def _identity(user: User) -> dict[str, int | list[int]]:
    if user.uid == os.geteuid():
        return {}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}


def run(argv: Sequence[str | Path], *, user: User, timeout_s: float) -> None:
    """Run a short helper program to its end as `user`; ServerError with its output when it fails."""
    done = subprocess.run(  # noqa: S603 - our own binaries, no shell
        argv,
        **_identity(user),  # type: ignore[call-overload]
        cwd="/",
        env={"LC_ALL": "C"},
        umask=0o077,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if done.returncode:
        raise ServerError(f"{Path(argv[0]).name} failed: {(done.stderr or done.stdout).strip()[-2000:]}")


class ServerProcess:
    """A running server: dies with us, stops politely, keeps `keep_fds` open as long as it lives."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        user: User,
        log: Path,
        polite: signal.Signals,
        keep_fds: tuple[int, ...] = (),
    ) -> None:
        self.name = Path(argv[0]).name
        self.log = log
        self._polite = polite
        self._log_start = log.stat().st_size if log.exists() else 0
        # The kernel ties the death signal to the *thread* that forks: start servers from the main thread only.
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            self._popen: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - our own binaries, no shell
                argv,
                **_identity(user),  # type: ignore[call-overload]
                cwd="/",
                env={"LC_ALL": "C"},
                umask=0o077,
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                pass_fds=keep_fds,
                # Ctrl-C goes to the whole foreground group; we want to finish our batch before the servers go.
                start_new_session=True,
                preexec_fn=_die_with_parent(polite, os.getpid()),
            )
        finally:
            os.close(handle)

    @property
    def pid(self) -> int:
        return self._popen.pid

    def output(self) -> str:
        """What this run of the server wrote to its log (the last 4,000 characters)."""
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            return file.read().decode(errors="replace").strip()[-4000:]

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    async def wait_until(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Return once `ready()`; ServerError with the server's own words when it exits or takes longer."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise ServerError(f"{self.name} stopped while starting: {self.output()}")
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name} was not ready after {timeout_s:g} s: {self.output()}")
            await asyncio.sleep(POLL_S)

    async def stop(self, *, timeout_s: float = 20.0) -> None:
        """Ask the server to finish, and kill it when it has not done so in time."""
        if self.running:
            self._popen.send_signal(self._polite)
        deadline = time.monotonic() + timeout_s
        while self.running:
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(POLL_S)
        self.kill()

    def kill(self) -> None:
        """End the server at once (kill -9) and reap it."""
        if self.running:
            self._popen.kill()
        self._popen.wait()


def _die_with_parent(death: signal.Signals, parent: int) -> Callable[[], None]:
    def in_child() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(death))
        if os.getppid() != parent:  # the parent died before the kernel knew of our wish
            os._exit(1)

    return in_child
