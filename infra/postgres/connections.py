"""The open connections of an engine: the kernel notices a dead peer, and a program may end them all at once."""

import os
import socket
from typing import Any
from weakref import WeakSet

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

_IDLE_S, _INTERVAL_S, _PROBES = 10, 5, 3
_UNACKNOWLEDGED_MS = 20_000


class Connections:
    """Those of one engine that are opened from now on.

    A peer may vanish without closing the connection: its host is off, a firewall dropped it. A request would
    then wait for ever. Keep-alive probes let the kernel give such a connection up after some 25 seconds.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._open: WeakSet[asyncpg.Connection] = WeakSet()
        event.listen(engine.sync_engine, "connect", self._opened)

    def abort(self) -> None:
        """End all of them without telling the server; each waiting request fails at once."""
        for connection in list(self._open):
            if not connection.is_closed():
                connection.terminate()

    def _opened(self, adapted: Any, _record: object) -> None:
        connection = adapted.driver_connection
        self._open.add(connection)
        keep_alive(connection._transport.get_extra_info("socket").fileno())


def keep_alive(fileno: int) -> None:
    """Turn keep-alive probes on for a TCP connection, as far as the system has them; other sockets are left alone."""
    with socket.socket(fileno=os.dup(fileno)) as same:
        if same.family not in (socket.AF_INET, socket.AF_INET6):
            return
        same.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", _IDLE_S),
            ("TCP_KEEPINTVL", _INTERVAL_S),
            ("TCP_KEEPCNT", _PROBES),
            ("TCP_USER_TIMEOUT", _UNACKNOWLEDGED_MS),
        ):
            if hasattr(socket, name):
                same.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
