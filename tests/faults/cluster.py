"""Three nats-servers on loopback that hold each message three times."""

import os
import re
import secrets
import signal
import socket
import sysconfig
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.embedded.process import ServerProcess, make_private_folder, needs_passage, server_user, write_private_file
from tests.program import eventually

_USER = "claims"
_NODES = 3
_FORMS_WITHIN_S = 40.0
_ELECTED = re.compile(r"^\[\d+\] (\S+ \S+) .* new (?:stream|consumer) leader for ", re.MULTILINE)
_PROGRAM = Path(sysconfig.get_path("scripts")) / "nats-server"
_CONFIG = """\
server_name: "{name}"
host: "127.0.0.1"
port: {port}
max_payload: 8MB
jetstream {{
  store_dir: "{folder}/store"
  sync_interval: always
}}
authorization {{
  user: "{user}"
  password: "{password}"
}}
cluster {{
  name: "province"
  host: "127.0.0.1"
  port: {cluster_port}
  routes: [{routes}]
}}
"""


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


async def _serves(client: Client) -> bool:
    try:
        await client.jetstream(timeout=1).account_info()
    except NatsError:
        return False
    return True


@dataclass
class Cluster:
    """Nodes ``n0`` to ``n2`` below a folder, each with a store of its own."""

    folder: Path
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    ports: list[int] = field(default_factory=list)
    nodes: dict[str, ServerProcess] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """All nodes, as CLAIMS_NATS_URL takes them."""
        return self.url_without("")

    def url_without(self, name: str) -> str:
        """All nodes but one."""
        ports = [port for number, port in enumerate(self.ports[:_NODES]) if f"n{number}" != name]
        return ",".join(f"nats://{_USER}:{self.password}@127.0.0.1:{port}" for port in ports)

    async def start(self) -> None:
        """Start all nodes and wait until they agree on who leads."""
        self.ports = _free_ports(2 * _NODES)
        for number in range(_NODES):
            self.start_node(f"n{number}")
        # nats-py leaves connections behind that a server took and did not yet serve: look into the logs first
        await eventually(self._has_a_leader, self._logs, _FORMS_WITHIN_S)
        client = await self.connect()
        try:
            await eventually(partial(_serves, client), self._logs, _FORMS_WITHIN_S)
        finally:
            await client.close()

    def start_node(self, name: str) -> None:
        """Start a node on its own port and store, for the first time or again."""
        number = int(name.removeprefix("n"))
        folder = (self.folder / name).resolve()
        user = server_user(folder)
        make_private_folder(folder, user)
        config = folder / "nats.conf"
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self.ports[_NODES:])
        text = _CONFIG.format(
            name=name,
            port=self.ports[number],
            folder=folder,
            user=_USER,
            password=self.password,
            cluster_port=self.ports[_NODES + number],
            routes=routes,
        )
        write_private_file(config, text, user)
        self.nodes[name] = ServerProcess(
            [_PROGRAM, "--config", config],
            user=user,
            passage=needs_passage([folder, _PROGRAM], user),
            log=folder / "nats.log",
            polite=signal.SIGTERM,
        )

    def kill(self, name: str) -> None:
        """kill -9 of a node."""
        self.nodes.pop(name).kill()

    def drain(self, name: str) -> None:
        """Let a node hand over what it leads and its clients, as before an upgrade (lame duck mode)."""
        os.kill(self.nodes[name].pid, signal.SIGUSR2)

    async def connect(self) -> Client:
        """A client that says nothing of nodes that are away."""

        async def unheard(_: Exception) -> None: ...

        return await nats.connect(
            self.url.split(","), max_reconnect_attempts=1, connect_timeout=1, error_cb=unheard, allow_reconnect=False
        )

    async def leader_of(self, stream: str) -> str:
        """The node that leads a stream."""
        client = await self.connect()
        try:
            info = await client.jetstream().stream_info(stream)
        finally:
            await client.close()
        assert info.cluster is not None
        assert info.cluster.leader is not None
        assert len(info.cluster.replicas or []) == _NODES - 1
        return info.cluster.leader

    def last_election(self, since: float, until: float) -> float:
        """When, in the time between, a stream or consumer last got a leader, ``since`` where none did (time.time)."""
        told = "\n".join(node.output() for node in self.nodes.values())
        moments = (
            datetime.strptime(text, "%Y/%m/%d %H:%M:%S.%f").astimezone().timestamp() for text in _ELECTED.findall(told)
        )
        return max((moment for moment in moments if since < moment < until), default=since)

    async def replicas_are_current(self, stream: str) -> bool:
        """Whether every node holds all of a stream."""
        client = await self.connect()
        try:
            info = await client.jetstream().stream_info(stream)
        except NatsError:
            return False
        finally:
            await client.close()
        assert info.cluster is not None
        return all(peer.current and not peer.offline for peer in info.cluster.replicas or [])

    async def stop(self) -> None:
        for node in self.nodes.values():
            await node.stop()
        self.nodes.clear()

    def _has_a_leader(self) -> bool:
        logs = [node.output() for node in self.nodes.values()]
        return all("Server is ready" in log for log in logs) and any(
            "cluster new metadata leader" in log for log in logs
        )

    def _logs(self) -> str:
        return "\n".join(node.output()[-1000:] for node in self.nodes.values())
