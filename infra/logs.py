"""Logs: structlog on stderr, one line an event; of persons nothing but person_id."""

import logging
import sys
import time
from collections import Counter

import structlog

from infra.terminal_text import visible, visible_lines


def configure(level: str = "info", *, json: bool = False) -> None:
    """Set logging up for this process: readable on a terminal, JSON lines elsewhere when asked for."""
    minimum = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            structlog.processors.format_exc_info,
            *([] if json else [_visible]),  # JSON is written with escapes
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(minimum),
        # looked up at each line: a test that runs a command in its own process puts another stderr in its place
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # libraries that log on their own (nats, faststream) say only what is wrong
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_VisibleFormatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("nats").setLevel(logging.CRITICAL)


class Repeats:
    """Which of the lines that come again and again are due: what goes on is told again after a while."""

    def __init__(self, again_after_s: float) -> None:
        self._again_after_s = again_after_s
        self._told: dict[str, float] = {}
        self._since: Counter[str] = Counter()

    def due(self, event: str) -> int | None:
        """How often an event came since it was last told, None where that was a moment ago."""
        now = time.monotonic()
        if now - self._told.get(event, -self._again_after_s) < self._again_after_s:
            self._since[event] += 1
            return None
        self._told[event] = now
        return self._since.pop(event, 0)


def _visible(_: object, __: str, values: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """No text of a log line steers the terminal that shows it; a traceback keeps its lines."""
    return {
        name: (visible_lines if name == "exception" else visible)(value) if isinstance(value, str) else value
        for name, value in values.items()
    }


class _VisibleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible_lines(super().format(record))
