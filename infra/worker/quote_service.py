"""Trial settlements over NATS."""

from faststream.nats import NatsBroker
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.access.sources import QUOTE
from infra.worker.request_service import RequestService, ServiceWords
from processors.person.quote import Quotes

TOO_MANY = "too_many_quotes"
"""Reason of a reply that says nothing about the event: its source has as many requests open as one may have."""
_WORDS = ServiceWords("quote", "trial settlement", "预结算", TOO_MANY)


def quote_service(broker: NatsBroker, engine: AsyncEngine) -> RequestService:
    """Answers ``claims.quote``."""
    return RequestService(broker, _WORDS, {QUOTE: Quotes(engine).quote})
