"""A bound on how long a connection may take to say what it asks for: uvicorn itself waits for ever."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 20.0
"""How long headers may take from the connection on, or from the first byte of a further request."""


class HeadBoundProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it; closes a connection whose request does not begin."""

    _bound: asyncio.TimerHandle | None = None

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
        super().connection_lost(exc)

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
