"""What sources ask over NATS of what the ledger has: of an event or claim, a person, a statement, a day's sums."""

from functools import partial

from faststream.nats import NatsBroker
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.access.sources import ENTITLEMENT, RECONCILE, STATEMENT, STATUS
from infra.worker.request_service import RequestService, ServiceWords
from processors.person.claim_account import tell_statement
from processors.person.entitlement import tell_entitlement
from processors.person.known_state import tell_status
from processors.reconciliation.settlement_day import tell_reconciliation

TOO_MANY_ENQUIRIES = "too_many_enquiries"
"""Reason of a reply that says nothing about what was asked: its source has as many requests open as one may have."""
_WORDS = ServiceWords("enquiries", "answer", "查询", TOO_MANY_ENQUIRIES)


def enquiry_service(broker: NatsBroker, engine: AsyncEngine) -> RequestService:
    """Answers ``claims.status``, ``claims.entitlement``, ``claims.statement`` and ``claims.reconcile``."""
    return RequestService(
        broker,
        _WORDS,
        {
            STATUS: partial(tell_status, engine),
            ENTITLEMENT: partial(tell_entitlement, engine),
            STATEMENT: partial(tell_statement, engine),
            RECONCILE: partial(tell_reconciliation, engine),
        },
    )
