"""Checks journal proposals.0: each step is of a proposal that stands, and another person adopted than proposed."""

import hashlib

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import entries
from processors.delivery.names import PROPOSALS_JOURNAL
from processors.proof.verification.report import VerifyReport
from processors.proposals.journal import InvalidProposal, ProposalRegister


async def check_proposals(connection: AsyncConnection, report: VerifyReport) -> None:
    """Make the proposals anew from the journal, and name what can't be."""
    register = ProposalRegister()
    rows = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data, entries.c.raw)
        .where(entries.c.journal == PROPOSALS_JOURNAL)
        .order_by(entries.c.number)
    )
    for row in rows:
        where = f"journal {PROPOSALS_JOURNAL}, entry {row.number}"
        try:
            register.apply(row.type, row.number, row.recorded_at, orjson.loads(row.data), row.raw)
        except (InvalidProposal, orjson.JSONDecodeError) as error:
            report.problem("proposal", where, "a step that can be read", error)
    for each in register.proposals.values():
        where = f"journal {PROPOSALS_JOURNAL}, entry {each.number}"
        computed = hashlib.sha256(each.text).hexdigest()
        if computed != each.hash:
            report.problem("proposal", where, f"hash {each.hash}", f"hash {computed}")
        if each.state == "adopted" and each.closed_by is not None and each.closed_by.is_same(each.proposer):
            report.problem("proposal", where, "adopted by another person", each.closed_by.actor)
        if each.state == "adopted" and not each.trials:
            report.problem("proposal", where, "a trial before its adoption", "none")
