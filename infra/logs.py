"""Logs: structlog on stderr, one line an event; of persons nothing but person_id."""

import logging
import sys

import structlog


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
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(minimum),
        # looked up at each line: a test that runs a command in its own process puts another stderr in its place
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # libraries that log on their own (nats, faststream) say only what is wrong
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("nats").setLevel(logging.CRITICAL)
