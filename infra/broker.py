"""The connection to NATS through FastStream."""

import logging
from collections.abc import Mapping
from typing import Any

import structlog
from faststream.nats import NatsBroker

_log = structlog.get_logger("nats")


class _Log:
    """FastStream's log lines as structlog events: what is wrong, without its lines at every call and task."""

    def log(self, level: int, message: Any, /, *, exc_info: Any = None, extra: Mapping[str, Any] | None = None) -> None:
        if level >= logging.WARNING:
            _log.log(level, message, exc_info=exc_info, **(extra or {}))


def connect_broker(nats_url: str) -> NatsBroker:
    """A broker, not started, that reconnects for ever: once closed for good, FastStream's loops would spin."""
    return NatsBroker(
        nats_url,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        # A peer that vanished without a word is noticed within a minute, not after the default six.
        ping_interval=20,
        # Types are applied by the border's own models; FastStream's way costs a thread hop twice a call.
        apply_types=False,
        logger=_Log(),
        log_level=logging.DEBUG,
    )
