"""Trial settlement (预结算, 2303): what a claim would be paid, decided from facts alone. Nothing is booked or written.

The person's accepted claims are settled from scratch with the asked one behind them, by the engine that settles live.
So claims whose runs are still on their way through the layers count as they will be booked (docs/domain.md#3.6); an
event that
intake has not taken yet is not known here.
"""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events import facts, paper_refusals, refusal_details
from events.catalog import BUREAU, Fact, read
from events.county_time import county_day
from events.envelope import salvage
from events.refusals import Refusal
from events.store.journal import database_time
from policies.buckets import OpenBill
from policies.claim import Claim
from policies.engine import settle
from policies.explain import render
from policies.scheme import Scheme
from processors.law.pinned_schemes import PinnedSchemes
from processors.person.file_model import FileLayer
from processors.person.open_admission import has_open_admission
from processors.pipeline.intake import load_for
from processors.pipeline.kinds.discharge import WaitsFor, accept_discharge
from processors.pipeline.kinds.interim import accept_interim
from processors.pipeline.kinds.outpatient import accept_outpatient
from processors.pipeline.kinds.paper_bill import accept_paper_bill
from processors.pipeline.settlement import statement_row
from processors.pipeline.state import LedgerState, load_histories
from projections.statements import statement_json

_NO_RUN = 0
"""Stands for the run that would carry the claim: none is opened."""


class Quotes:
    """Answers trial settlements over one database; any number at once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.pinned = PinnedSchemes()

    async def quote(self, asker: str | None, raw: bytes) -> dict[str, Any]:
        """``{"statement": …}`` as settling the event now would give, or ``{"refused": {"reason", "detail", …}}``.

        ``raw`` is a CloudEvent that claims a bill. ``asker`` is a source ("hospital/H1"): a hospital asks about its own
        events and only about a person who has an open admission with it, a bureau about any but another bureau's bill
        on paper. None is the ledger's own user, who asks in the name of the event's source and needs no admission.
        Refusals are those of acceptance in the order of docs/domain.md#refusals; a discharge that would wait for its
        admission is refused as ``unknown_admission``.
        """
        return (await self.explained(asker, raw))[0]

    async def explained(self, asker: str | None, raw: bytes) -> tuple[dict[str, Any], list[FileLayer]]:
        """What ``quote`` answers, and the layers as they pay in turn, with their steps: none if refused."""
        try:
            fact, data = _claimed(raw, asker)
            async with self.engine.connect() as connection:
                await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                if asker is not None and not _is_bureau(asker):
                    hospital_id = fact.source.partition("/")[2]
                    if not await has_open_admission(connection, hospital_id, data.person_id):
                        raise refusal_details.no_open_admission(fact.source, data.person_id)
                bill, scheme = await self._settled(connection, fact, data)
        except Refusal as refusal:
            return {"refused": refusal.told}, []
        row = statement_row(bill.claim, bill.payouts, scheme)
        layers = [FileLayer(each.layer, each.paid, render(scheme, each.trace)) for each in bill.payouts if each.trace]
        return {"statement": statement_json(row | {"revision": 1})}, layers

    async def _settled(self, connection: AsyncConnection, fact: Fact, data: facts.ClaimFact) -> tuple[OpenBill, Scheme]:
        await self.pinned.refresh(connection)
        state = await load_for(connection, [fact])
        state.today = county_day(await database_time(connection))
        claim = self._accept(state, fact, data)
        told = await load_histories(connection, {claim.person_id})
        history = [*told.by_person.get(claim.person_id, {}).values(), claim]
        schemes = await self.pinned.require(connection, {each.scheme for each in history})
        bills, _ = settle(schemes, history)
        return bills[claim.number], schemes[claim.scheme]

    def _accept(self, state: LedgerState, fact: Fact, data: facts.ClaimFact) -> Claim:
        if isinstance(data, facts.BillSubmitted):
            return accept_paper_bill(state, self.pinned, fact.source, data, _NO_RUN)
        if isinstance(data, facts.OutpatientRecorded):
            return accept_outpatient(state, self.pinned, fact.source, data, _NO_RUN)
        if isinstance(data, facts.InterimRecorded):
            return accept_interim(state, self.pinned, fact.source, data, _NO_RUN)
        try:
            return accept_discharge(state, self.pinned, fact.source, data, _NO_RUN)
        except WaitsFor as missing:
            raise refusal_details.would_wait(missing.admission_id) from None


def _claimed(raw: bytes, asker: str | None) -> tuple[Fact, facts.ClaimFact]:
    source = salvage(raw).get("source", "") if asker is None or _is_bureau(asker) else asker
    fact = read(raw, source, arriving=True)
    if not isinstance(fact.data, facts.ClaimFact):
        raise refusal_details.no_claim_to_quote(fact.type)
    if isinstance(fact.data, facts.BillSubmitted) and asker not in (None, fact.source):
        raise paper_refusals.not_own_bill(asker, fact.source)
    return fact, fact.data


def _is_bureau(asker: str | None) -> bool:
    return asker is not None and asker.startswith(f"{BUREAU}/")
