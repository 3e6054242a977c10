"""Bounds on how long a connection may take to say what it asks for, and to read the answer: uvicorn waits for ever."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 20.0
"""How long headers may take from the connection on, or from the first byte of a further request."""
READ_WITHIN_S = 30.0
"""After how long without a byte that the client takes its connection is cut off."""


class HeadBoundProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it; cuts off a connection whose request does not begin or whose answer is not read."""

    _bound: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what was sent."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop()
        self._stop_unread()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait until the client reads what lies ready for it."""
        super().pause_writing()
        self._watch_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Go on: the client reads."""
        self._stop_unread()
        super().resume_writing()

    def _watch_reader(self, unread: int) -> None:
        self._unread = self.loop.call_later(READ_WITHIN_S, self._cut_off_unless_read, unread)

    def _cut_off_unless_read(self, before: int) -> None:
        """A slow client reads some; one that reads nothing would hold what lies ready for it for ever."""
        left = self.transport.get_write_buffer_size()
        if left < before:
            self._watch_reader(left)
        else:
            self.transport.abort()

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _watch(self) -> None:
        between = self.cycle is not None and self.cycle.response_complete
        if self.cycle is None or (between and self.conn.trailing_data[0]):
            if self._bound is None:
                self._bound = self.loop.call_later(HEAD_WITHIN_S, self.transport.close)
        else:
            self._stop()

    def _stop(self) -> None:
        if self._bound is not None:
            self._bound.cancel()
            self._bound = None
