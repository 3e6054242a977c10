"""The claims of a finding: whether they are the case's, and what of their bills is left to be found."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import structs
from sqlalchemy import select

from events.codes import covers
from events.money import yuan
from policies.claim import Audit, Claim, after_audits
from processors.cases.decision_facts import unsent_facts
from processors.cases.foresight import foresee
from processors.cases.journal import CaseJournal
from processors.cases.refusal import CaseRefused
from processors.pipeline.state import LedgerState, load_histories
from projections.cases import Case, CaseFinding, FindingClaim
from projections.claims import claims


async def claims_found(
    journal: CaseJournal, case: Case, named: Sequence[FindingClaim], finding_id: str | None = None
) -> tuple[list[FindingClaim], dict[str, int]]:
    """The claims of a finding with their amounts, and what each layer would pay less, in fen.

    Of a claim that is reversed all is found that audits have left of its bill. ``finding_id`` is that of a finding that
    stands already. Raises ``CaseRefused``, also where a bill, or its part, holds less than was found.
    """
    if not named:
        return [], {}
    ids = [each.claim_id for each in named]
    if len(set(ids)) < len(ids):
        raise CaseRefused("同一结算单写了两次。a claim is named twice")
    columns = (claims.c.claim_id, claims.c.person_id, claims.c.hospital_id, claims.c.total, claims.c.region)
    query = select(*columns, claims.c.standing).where(claims.c.claim_id.in_(ids))
    rows: dict[str, Any] = {row.claim_id: row for row in await journal.connection.execute(query)}
    for each in named:
        _require_of_case(case, each, rows.get(each.claim_id))
    person_of = {claim_id: row.person_id for claim_id, row in rows.items()}
    state = await load_histories(journal.connection, set(person_of.values()))
    waiting = await _findings_before_intake(journal, finding_id)
    found = [_left_to_find(each, state, waiting) for each in named]
    return found, await foresee(journal.connection, state, found, person_of)


async def _findings_before_intake(journal: CaseJournal, but: str | None) -> list[CaseFinding]:
    """Other findings that stand and of which the ledger holds no fact: its audits do not tell them yet."""
    register = journal.register
    unsent = {(fact.source, fact.event_id) for fact in await unsent_facts(journal.connection)}
    sent = {fact.measure_id for fact in register.facts if (fact.source, fact.event_id) not in unsent}
    held = {each.finding_id for each in register.measures if each.measure_id in sent}
    return [
        each
        for each in register.findings
        if each.status != "dismissed" and each.finding_id not in held and each.finding_id != but
    ]


def _left_to_find(named: FindingClaim, state: LedgerState, waiting: Iterable[CaseFinding]) -> FindingClaim:
    """What is found of a claim, where its bill still holds it. Raises ``CaseRefused``."""
    claim = state.claims[named.claim_id]
    audits = list(claim.audits)
    for finding in waiting:
        for each in finding.claims:
            if each.claim_id != named.claim_id:
                continue
            if each.reverse or named.reverse:
                raise CaseRefused(
                    f"结算单 {named.claim_id} 已在认定 {finding.finding_id}，不能再次认定或冲正。"
                    f"finding {finding.finding_id} names claim {named.claim_id} already"
                )
            audits.append(Audit(each.amount, each.borne_by, each.part))
    before = _laid_on(claim, audits)
    if named.reverse:
        return structs.replace(named, amount=claim.bill.total - before)
    left = _laid_on(claim, [*audits, Audit(claim.bill.total, named.borne_by, named.part)]) - before
    if named.amount > left:
        raise CaseRefused(
            f"结算单 {named.claim_id} {named.part or '总额'}只余 {yuan(left)} 元，不能认定 {yuan(named.amount)} 元。"
            f"only {yuan(left)} of the bill, or of the part that is named, is left to be found"
        )
    return named


def _laid_on(claim: Claim, audits: Sequence[Audit]) -> int:
    """Fen that audits take out of a claim's bill."""
    _, borne = after_audits(structs.replace(claim, audits=tuple(audits)))
    return sum(borne.values())


def _require_of_case(case: Case, named: FindingClaim, row: Any) -> None:
    claim_id = named.claim_id
    if row is None:
        raise CaseRefused(f"没有结算单 {claim_id}。there is no claim {claim_id}")
    if not row.standing:
        raise CaseRefused(f"结算单 {claim_id} 已冲正。claim {claim_id} is reversed already")
    if not covers(case.region, row.region):
        raise CaseRefused(f"结算单 {claim_id} 属统筹区 {row.region}。claim {claim_id} is one of region {row.region}")
    if case.subject_id != row.person_id and case.hospital_id != row.hospital_id:
        raise CaseRefused(f"结算单 {claim_id} 不是本案对象的。claim {claim_id} is none of {case.subject_id}")
    if not named.reverse and not 0 < named.amount <= row.total:
        raise CaseRefused(
            f"结算单 {claim_id} 的违规金额须大于 0，不超过总额 {yuan(row.total)}。"
            f"the amount found on {claim_id} is above 0 and at most its total"
        )
