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
from pathlib import Path

from infra.embedded.identity import User, become, closed_folder, passage

UNPRIVILEGED_USER = "nobody"
POLL_S = 0.01
_PR_SET_PDEATHSIG = 1
# Loaded here, because nothing may be imported between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True)


class ServerError(RuntimeError):
    """An embedded server could not be started; the message says what to do about it."""


def server_user(folder: Path | None = None) -> User:
    """The user for embedded servers: this process's own; as root the present owner of `folder` (or of the one
    beside it), else `nobody` (PostgreSQL refuses root)."""
    if os.geteuid() != 0:
        return User(os.geteuid(), os.getegid())
    for existing in (folder, folder.parent / "postgres") if folder is not None else ():
        if existing.exists() and existing.stat().st_uid != 0:
            return User(existing.stat().st_uid, existing.stat().st_gid)
    entry = pwd.getpwnam(UNPRIVILEGED_USER)
    return User(entry.pw_uid, entry.pw_gid)


def needs_passage(paths: Sequence[Path], user: User) -> bool:
    """Whether `user` must be let through closed folders to get at `paths`; ServerError where we can't let it."""
    closed = [folder for path in paths if (folder := closed_folder(path, user)) is not None]
    if closed and passage() is None:
        raise ServerError(
            f"embedded servers run as user {UNPRIVILEGED_USER!r} when started by root, and that user cannot pass "
            f"{closed[0]} (mode {stat.S_IMODE(closed[0].stat().st_mode):04o}). Run as an ordinary user, or keep the "
            f"program and its data directory where others may pass, such as /srv or /opt."
        )
    return bool(closed)


def make_private_folder(path: Path, user: User) -> None:
    """Create `path` (or take over the one made earlier) with mode 0700, owned by `user`."""
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    if not user.is_us:
        os.chown(path, user.uid, user.gid)


def write_private_file(path: Path, text: str, user: User) -> None:
    """Replace `path` by `text` in one step, mode 0600, owned by `user`."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if not user.is_us:
            os.fchown(handle, user.uid, user.gid)
        file.write(text)
        file.flush()
        os.fsync(handle)
    draft.replace(path)


def run(argv: Sequence[str | Path], *, user: User, passage: bool, timeout_s: float) -> None:
    """Run a short helper program to its end as `user`; ServerError with its output when it fails.

    With `passage` it may pass closed folders (`needs_passage`).
    """
    done = subprocess.run(  # noqa: S603 - our own binaries, no shell
        argv,
        preexec_fn=become(user, through_closed_folders=passage),
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
        passage: bool,
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
                cwd="/",
                env={"LC_ALL": "C"},
                umask=0o077,
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                pass_fds=keep_fds,
                # Ctrl-C goes to the whole foreground group; we want to finish our batch before the servers go.
                start_new_session=True,
                preexec_fn=_become_and_die_with_parent(
                    become(user, through_closed_folders=passage), polite, os.getpid()
                ),
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


def _become_and_die_with_parent(
    become_user: Callable[[], None], death: signal.Signals, parent: int
) -> Callable[[], None]:
    def in_child() -> None:
        become_user()  # first: a change of user forgets the death signal
        die_with_parent(death, parent)

    return in_child


def die_with_parent(death: signal.Signals, parent: int) -> None:
    """Let the kernel send us a signal once our parent, whose pid is given, is gone however it ended."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(death))
    if os.getppid() != parent:  # the parent died before the kernel knew of our wish
        os._exit(1)
