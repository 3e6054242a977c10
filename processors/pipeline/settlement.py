"""Settlement: the end of every path. Writes statements and grants, closes runs, answers the sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from events.decisions import CLAIM_RESETTLED, CLAIM_SETTLED, GRANT_AWARDED, GRANT_WITHDRAWN
from events.store.journal import GRANT_STAGES, SETTLEMENT_STAGE
from policies.claim import Claim, Payout
from policies.engine import Schemes, open_claim
from policies.grants import Grant, GrantClaim, grants_due
from policies.scheme import Scheme
from processors.delivery.answers import answer
from processors.delivery.parked_runs import ParkedRuns
from processors.delivery.release import arrivals
from processors.delivery.run import Run, close_runs
from processors.delivery.transaction import Delivery, Transaction
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.layer import SETTLEMENT, hashes
from projections.grants import grants, load_grants
from projections.statements import load_person_statements, load_statements, statement_json, statements

Row = Mapping[str, Any]

GRANT_COLUMNS = ("person_id", "scheme", "grant", "year", "amount", "claim_id")


class Settlement:
    """The handler of consumer ``settlement``."""

    consumer = SETTLEMENT

    def __init__(self) -> None:
        self.pinned = PinnedSchemes()

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        """Take packed runs that have been through every layer, in order."""
        connection = transaction.connection
        arrived = await arrivals(transaction, self.consumer, batch)
        lanes = await ParkedRuns.load(connection, self.consumer, arrived if transaction.any_parked else ())
        known = await load_statements(
            connection, [claim.claim_id for run in arrived if run.revisits for claim in run.claims]
        )
        desk = Desk(transaction, dict(known))
        settled: list[tuple[Run, list[dict[str, Any]]]] = []
        for run in arrived:
            if not lanes.clear(run):
                continue
            try:
                schemes = await self.pinned.require(connection, hashes(run))
                rows = [
                    statement_row(claim, payouts, schemes[claim.scheme])
                    for claim, payouts in zip(run.claims, run.decided, strict=True)
                ]
            except SQLAlchemyError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever goes wrong with one run parks that person's lane alone
                lanes.park(run, error)
                continue
            settled.append((run, rows))
        granting = {run.person_id for run, _ in settled if _grants(run, self.pinned.by_hash)}
        # a newer text may have dropped a grant that a claim settled again under it still holds
        granting |= (await load_grants(connection, {run.person_id for run, _ in settled if run.revisits})).keys()
        told = await load_person_statements(connection, granting)
        desk.histories = {
            person_id: {row["claim_id"]: row for row in told.get(person_id, ())} for person_id in granting
        }
        await self.pinned.require(
            connection, {row["scheme_hash"] for history in desk.histories.values() for row in history.values()}
        )
        desk.granted = {
            person_id: {_key(row): row for row in rows}
            for person_id, rows in (await load_grants(connection, granting)).items()
        }
        for run, rows in settled:
            for claim, row in zip(run.claims, rows, strict=True):
                desk.settle(run, claim, row)
            if run.person_id in granting:
                desk.grant(run, self.pinned.by_hash)
        desk.save()
        lanes.save(transaction.writes, transaction.journal.recorded_at)
        close_runs(transaction.writes, [(run.person_id, run.number) for run, _ in settled])


def statement_row(claim: Claim, payouts: Sequence[Payout], scheme: Scheme) -> dict[str, Any]:
    """A claim's statement as a row, without revision and answer; asserts the balance (DOMAIN 3.5)."""
    layers: dict[str, int] = {}
    patient = hospital = audited = 0
    if claim.standing:
        bill = open_claim(scheme, claim)
        for payout in payouts:
            bill.apply(payout)
            layers[payout.layer] = layers.get(payout.layer, 0) + payout.paid
        patient, hospital = bill.shares()
        audited = bill.person_audit
    return {
        "claim_id": claim.claim_id,
        "person_id": claim.person_id,
        "number": claim.number,
        "source": claim.source,
        "hospital_id": claim.hospital_id,
        "region": claim.region,
        "scheme": scheme.name,
        "scheme_hash": claim.scheme,
        "year": claim.year,
        "setting": claim.setting,
        "date": claim.date,
        "status": "settled" if claim.standing else "reversed",
        "total": claim.bill.total,
        "categories": list(claim.categories),
        "layers": [[layer, paid] for layer, paid in layers.items()],
        "patient_share": patient,
        "hospital_share": hospital,
        "audited_person": audited,
        "payee": "person" if claim.prepaid else "hospital",
        "disease": claim.disease,
        "late": claim.late,
        "poor": scheme.is_poor(claim.categories),
    }


def net_figures(row: Row) -> tuple[Any, ...]:
    """What a revision counts changes of: total, what each layer pays, the shares, and whether the claim stands."""
    paid = tuple(sorted((layer, amount) for layer, amount in row["layers"] if amount))
    return row["status"], row["total"], paid, row["patient_share"], row["hospital_share"]


def grant_claims(history: Sequence[Row]) -> list[GrantClaim]:
    """What grants read of a person's statements under one scheme."""
    return [
        GrantClaim(
            claim_id=row["claim_id"],
            number=row["number"],
            day=row["date"],
            setting=row["setting"],
            disease=row["disease"],
            late=row["late"],
            poor=row["poor"],
            share=row["patient_share"] - row["audited_person"],
            scheme=row["scheme_hash"],
        )
        for row in history
        if row["status"] == "settled"
    ]


@dataclass(slots=True)
class Desk:
    """Writes the outcome of one batch's runs, each against what the one before left."""

    transaction: Transaction
    known: dict[str, Row]
    histories: dict[str, dict[str, Row]] = field(default_factory=dict)
    granted: dict[str, dict[tuple[str, str, int], Row]] = field(default_factory=dict)
    changed: dict[str, Row] = field(default_factory=dict)
    awarded: dict[tuple[str, str, str, int], Row] = field(default_factory=dict)
    withdrawn: set[tuple[str, str, str, int]] = field(default_factory=set)

    def settle(self, run: Run, claim: Claim, row: dict[str, Any]) -> None:
        """Write one claim's statement where it is new or says something else than before."""
        before = self.known.get(claim.claim_id)
        if before is not None and all(before[name] == value for name, value in row.items()):
            return
        figures_changed = before is not None and net_figures(before) != net_figures(row)
        row["revision"] = 1 if before is None else before["revision"] + figures_changed
        row["answer_id"] = f"{self.transaction.journal.name}-{self.transaction.journal.number + 1}"
        type_ = row["answer_type"] = CLAIM_SETTLED if before is None else CLAIM_RESETTLED
        self.known[claim.claim_id] = self.changed[claim.claim_id] = row
        if claim.person_id in self.histories:
            self.histories[claim.person_id][claim.claim_id] = row
        statement = statement_json(row)
        self.transaction.journal.append(
            type_,
            {"statement": statement}
            | ({"cause": run.cause.json()} if before is not None or claim.opened < run.number else {}),
            person_id=claim.person_id,
            claim_id=claim.claim_id,
            claim_number=claim.number,
            run=run.number,
            stage=SETTLEMENT_STAGE,
            year=claim.year,
            scheme=run.scheme,
        )
        answer(self.transaction, claim.source, claim.claim_id, type_, row["answer_id"], statement)

    def grant(self, run: Run, schemes: Schemes) -> None:
        """Hold the person's whole set of grants under the run's scheme against what he was given."""
        history = [row for row in self.histories[run.person_id].values() if row["scheme"] == run.scheme]
        offered = {row["scheme_hash"]: schemes[row["scheme_hash"]].grants for row in history}
        due = {(run.scheme, grant.kind, grant.year or 0): grant for grant in grants_due(grant_claims(history), offered)}
        held = self.granted.setdefault(run.person_id, {})
        for key, row in [(key, row) for key, row in held.items() if key[0] == run.scheme]:
            grant = due.get(key)
            if grant is None or (grant.amount, grant.claim_id) != (row["amount"], row["claim_id"]):
                del held[key]
                self._note(run, GRANT_WITHDRAWN, row, -row["amount"], {})
                self.awarded.pop((run.person_id, *key), None)
                self.withdrawn.add((run.person_id, *key))
        for key, grant in due.items():
            if key not in held:
                row = _grant_row(run, grant)
                held[key] = row
                self._note(run, GRANT_AWARDED, row, row["amount"], {"cite": grant.cite})
                self.withdrawn.discard((run.person_id, *key))
                self.awarded[run.person_id, *key] = row

    def save(self) -> None:
        """Write the rows that changed."""
        writes = self.transaction.writes
        writes.upsert(statements, self.changed.values())
        writes.remove(grants, sorted(self.withdrawn))
        writes.upsert(grants, self.awarded.values())

    def _note(self, run: Run, type_: str, row: Row, amount: int, data: Mapping[str, Any]) -> None:
        self.transaction.journal.append(
            type_,
            # by plain names: "grant" is a reserved word, which SQLAlchemy's rows carry in a class of their own
            {name: row[name] for name in GRANT_COLUMNS} | dict(data) | {"cause": run.cause.json()},
            person_id=run.person_id,
            claim_id=row["claim_id"],
            claim_number=self.histories[run.person_id][row["claim_id"]]["number"],
            run=run.number,
            stage=GRANT_STAGES[row["grant"]],
            year=row["year"] or None,
            scheme=run.scheme,
            paid=amount,
        )


def _grants(run: Run, schemes: Schemes) -> bool:
    return any(schemes[claim.scheme].grants for claim in run.claims)


def _grant_row(run: Run, grant: Grant) -> dict[str, Any]:
    return {
        "person_id": run.person_id,
        "scheme": run.scheme,
        "grant": grant.kind,
        "year": grant.year or 0,
        "amount": grant.amount,
        "claim_id": grant.claim_id,
    }


def _key(row: Row) -> tuple[str, str, int]:
    return row["scheme"], row["grant"], row["year"]
