"""Where a program listens, and by which names browsers may ask for it."""

import socket
from dataclasses import dataclass

CONSOLE = "127.0.0.1:8700"
GATEWAY = "127.0.0.1:8710"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


class ListenError(RuntimeError):
    """The address can't be listened on; the message says why."""


class WrongLogin(RuntimeError):
    """The program's own login may not write what it keeps."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a program listens; port 0 takes a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, listed: str) -> "Address":
        """``127.0.0.1:8700``, ``[::1]:8700`` or ``:8700``. Raises ``ListenError``."""
        host, colon, port = listed.rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65_535:
            raise ListenError(f"--listen：“{listed}”应写成 127.0.0.1:8700。{listed}: write HOST:PORT")
        return cls(host.strip("[]"), int(port))

    def bound(self) -> socket.socket:
        """A socket that listens here. Raises ``ListenError``."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # The protocol is named: else asyncio leaves Nagle's algorithm on for its connections, and an answer's
        # second packet waits 40 ms for the client's delayed acknowledgement.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(256)
        except OSError as error:
            listener.close()
            raise ListenError(
                f"不能在 {self.host}:{self.port} 监听（{error.strerror}），请换一个地址或端口。"
                f"can't listen on {self.host}:{self.port}: {error.strerror}; choose another address or port"
            ) from None
        return listener

    def host_names(self, more: frozenset[str]) -> frozenset[str]:
        """The names by which browsers may ask for it."""
        own = frozenset() if self.host in ANYWHERE else frozenset({self.host})
        return LOOPBACK | own | frozenset(name.casefold() for name in more)
