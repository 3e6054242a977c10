"""Settlement: the end of every path. Writes statements and grants, closes runs, answers the sources."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from events.decisions import CLAIM_RESETTLED, CLAIM_SETTLED, GRANT_AWARDED, GRANT_WITHDRAWN
from events.money import yuan
from events.store.journal import GRANT_STAGES, SETTLEMENT_STAGE
from policies.claim import Claim, Payout
from policies.engine import Schemes, open_claim
from policies.funds import BookedFund
from policies.grants import Grant, GrantClaim, grants_due
from policies.scheme import Scheme
from processors.delivery.answers import answer
from processors.delivery.names import SETTLEMENT_CONSUMER
from processors.delivery.parked_runs import ParkedRuns, arrived_runs
from processors.delivery.run import Cause, Run, close_runs
from processors.delivery.superseded_runs import load_superseding
from processors.delivery.transaction import Delivery, Transaction
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.window_amounts import WindowAmounts, load_window_amounts
from projections.grants import GrantKey, grants, load_grant_funds, load_grants
from projections.statements import load_person_statements, load_statements, statement_json, statements

Row = Mapping[str, Any]
GRANT_COLUMNS = ("person_id", "scheme", "grant", "year", "amount", "claim_id")


class Settlement:
    """The handler of consumer ``settlement``."""

    consumer = SETTLEMENT_CONSUMER

    def __init__(self) -> None:
        self.pinned = PinnedSchemes()

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        """Handle packed runs that have been through every layer, in order."""
        connection = transaction.connection
        arrived = await arrived_runs(transaction, self.consumer, batch)
        await self.pinned.load(connection, {scheme for run in arrived for scheme in run.schemes})
        parked = await ParkedRuns.load(connection, self.consumer, arrived if transaction.any_parked else ())
        known = await load_statements(
            connection, [claim.claim_id for run in arrived if run.revisits for claim in run.claims]
        )
        again = {run.person_id for run in arrived if run.revisits}
        superseding = await load_superseding(connection, again) if again else set()
        several = {run.person_id for run in arrived if (run.person_id, run.number) in superseding}
        windows = await load_window_amounts(connection, self.pinned, several)
        runs = SettlementBatch(transaction, self.pinned, parked, dict(known), superseding, windows)
        for run in arrived:
            runs.receive(run)
        # a newer text may have dropped a grant that a claim settled again under it still holds
        revisited = {run.person_id for run, _ in runs.received if run.revisits}
        granting = runs.persons_with_grants() | (await load_grants(connection, revisited)).keys()
        runs.add_histories(granting, await load_person_statements(connection, granting))
        runs.add_grants(await load_grants(connection, granting), await load_grant_funds(connection, granting))
        await self.pinned.require(connection, runs.history_schemes())
        runs.settle()
        runs.save()


def statement_row(claim: Claim, payouts: Sequence[Payout], scheme: Scheme) -> dict[str, Any]:
    """A claim's statement as a row, without revision and answer; asserts the balance (docs/domain.md#3.5)."""
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


def due_at_window(cause: Cause, claim: Claim, before: Row, row: Row) -> int | None:
    """What the person still owes the hospital at its window for a claim's new statement, in fen; under 0 the hospital
    gives it back. None where the change is none of the hospital's (docs/domain.md#3.8).

    Who had prepaid paid the hospital the whole bill, and settles his funds' part with the funds.
    """
    if not claim.standing:
        return None
    if claim.claim_id == cause.corrected_claim and claim.submitted_by == "bureau":
        return None  # the person had paid the hospital, whatever the bureau wrote
    if claim.claim_id == cause.corrected_claim and claim.prepaid:
        return int(row["total"] - before["total"])
    if claim.claim_id in (cause.corrected_claim, cause.laid_on_hospital):
        return int(row["patient_share"] - before["patient_share"])
    return None


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
class SettlementBatch:
    """Settles the runs of one batch, each against what the one before left.

    ``known`` are the statements of claims that were settled before, ``histories`` all statements of the persons whose
    grants are decided, ``granted`` the grants that these hold, ``paying`` the funds that pay them.
    ``superseding`` are the runs, by person and number, that took the place of others, and ``windows`` what these tell
    of hospitals' windows.
    """

    transaction: Transaction
    pinned: PinnedSchemes
    parked: ParkedRuns
    known: dict[str, Row]
    superseding: Set[tuple[str, int]] = frozenset()
    windows: WindowAmounts = field(default_factory=WindowAmounts)
    received: list[tuple[Run, list[dict[str, Any]]]] = field(default_factory=list)
    histories: dict[str, dict[str, Row]] = field(default_factory=dict)
    granted: dict[str, dict[GrantKey, Row]] = field(default_factory=dict)
    paying: dict[tuple[str, GrantKey], BookedFund] = field(default_factory=dict)
    changed: dict[str, Row] = field(default_factory=dict)
    awarded: dict[tuple[str, str, str, int], Row] = field(default_factory=dict)
    withdrawn: set[tuple[str, str, str, int]] = field(default_factory=set)

    def receive(self, run: Run) -> None:
        """Make the statements of one run, or park it."""
        if not self.parked.admit(run):
            return
        untold = self.windows.failed.get(run.person_id)
        if untold is not None and (run.person_id, run.number) in self.superseding:
            self.parked.park(run, untold)
            return
        try:
            schemes = self.pinned.loaded(run.schemes)
            rows = [
                statement_row(claim, payouts, schemes[claim.scheme])
                for claim, payouts in zip(run.claims, run.decided, strict=True)
            ]
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with one run parks that person's runs alone
            self.parked.park(run, error)
            return
        self.received.append((run, rows))

    def persons_with_grants(self) -> set[str]:
        """The persons of the received runs whose schemes grant anything."""
        schemes = self.pinned.by_hash
        return {run.person_id for run, _ in self.received if any(schemes[claim.scheme].grants for claim in run.claims)}

    def add_histories(self, persons: Iterable[str], told: Mapping[str, Iterable[Row]]) -> None:
        """Take the statements of persons whose grants are decided."""
        for person_id in persons:
            self.histories[person_id] = {row["claim_id"]: row for row in told.get(person_id, ())}

    def add_grants(self, held: Mapping[str, Iterable[Row]], paying: Mapping[tuple[str, GrantKey], BookedFund]) -> None:
        """Take the grants that these persons hold, and by person and grant the funds that pay them."""
        for person_id, rows in held.items():
            self.granted[person_id] = {_grant_key(row): row for row in rows}
        self.paying |= paying

    def history_schemes(self) -> set[str]:
        """The content hashes of the schemes that the histories were settled under."""
        return {row["scheme_hash"] for history in self.histories.values() for row in history.values()}

    def settle(self) -> None:
        """Settle every received run: statements first, then its person's grants."""
        for run, rows in self.received:
            for claim, row in zip(run.claims, rows, strict=True):
                self.settle_claim(run, claim, row)
            if run.person_id in self.histories:
                self.grant(run, self.pinned.by_hash)

    def settle_claim(self, run: Run, claim: Claim, row: dict[str, Any]) -> None:
        """Write one claim's statement where it is new or says something else than before.

        It is written too where the hospital's own facts and others have changed nothing together: each is settled with
        its own party.
        """
        before = self.known.get(claim.claim_id)
        due = self.due_at_window(run, claim, before, row)
        unchanged = before is not None and all(before[name] == value for name, value in row.items())
        if unchanged and not (due is not None and (run.person_id, run.number) in self.superseding):
            return
        self.windows.settled(claim.claim_id, run.cause.number)
        figures_changed = before is not None and net_figures(before) != net_figures(row)
        row["revision"] = 1 if before is None else before["revision"] + figures_changed
        row["answer_id"] = f"{self.transaction.journal.name}-{self.transaction.journal.number + 1}"
        type_ = row["answer_type"] = CLAIM_SETTLED if before is None else CLAIM_RESETTLED
        self.known[claim.claim_id] = self.changed[claim.claim_id] = row
        if claim.person_id in self.histories:
            self.histories[claim.person_id][claim.claim_id] = row
        statement = statement_json(row)
        window = {} if due is None else {"due_at_window": yuan(due)}
        self.transaction.journal.append(
            type_,
            {"statement": statement}
            | ({"cause": run.cause.json()} if before is not None or claim.opened < run.number else {})
            | window,
            person_id=claim.person_id,
            claim_id=claim.claim_id,
            claim_number=claim.number,
            run=run.number,
            stage=SETTLEMENT_STAGE,
            year=claim.year,
            scheme=run.scheme,
        )
        answer(self.transaction, claim.source, claim.claim_id, type_, row["answer_id"], statement | window)

    def due_at_window(self, run: Run, claim: Claim, before: Row | None, row: Row) -> int | None:
        """What a run leaves to settle at the hospital's window, in fen; None where no fact of the hospital's own has a
        part in it."""
        if before is None:
            return None
        if (run.person_id, run.number) not in self.superseding:
            return due_at_window(run.cause, claim, before, row)
        return self.windows.due(claim.claim_id, run.cause.number) if claim.standing else None

    def grant(self, run: Run, schemes: Schemes) -> None:
        """Compare the grants that the person's whole history under the run's scheme brings with those that are held."""
        history = [row for row in self.histories[run.person_id].values() if row["scheme"] == run.scheme]
        offered = {row["scheme_hash"]: schemes[row["scheme_hash"]].grants for row in history}
        due = {(run.scheme, grant.kind, grant.year or 0): grant for grant in grants_due(grant_claims(history), offered)}
        held = self.granted.setdefault(run.person_id, {})
        for key, row in [(key, row) for key, row in held.items() if key[0] == run.scheme]:
            grant = due.get(key)
            paying = self.paying.get((run.person_id, key)) or self._fund(row)
            stands = grant is not None and (grant.amount, grant.claim_id) == (row["amount"], row["claim_id"])
            if not stands or paying != self._fund(row):
                del held[key]
                self._note(run, GRANT_WITHDRAWN, row, -row["amount"], paying.told())
                self.awarded.pop((run.person_id, *key), None)
                self.withdrawn.add((run.person_id, *key))
        for key, grant in due.items():
            if key not in held:
                row = _grant_row(run, grant)
                held[key] = row
                paying = self.paying[run.person_id, key] = self._fund(row)
                self._note(run, GRANT_AWARDED, row, row["amount"], {"cite": grant.cite} | paying.told())
                self.withdrawn.discard((run.person_id, *key))
                self.awarded[run.person_id, *key] = row

    def save(self) -> None:
        """Write what changed, and close the runs that were settled."""
        writes = self.transaction.writes
        writes.upsert(statements, self.changed.values())
        writes.remove(grants, sorted(self.withdrawn))
        writes.upsert(grants, self.awarded.values())
        self.parked.save(writes, self.transaction.journal.recorded_at)
        close_runs(writes, [(run.person_id, run.number) for run, _ in self.received])

    def _fund(self, row: Row) -> BookedFund:
        """The fund of a grant by the text of the claim that brings it about."""
        claim = self.histories[row["person_id"]][row["claim_id"]]
        return self.pinned.by_hash[claim["scheme_hash"]].fund_of(row["grant"])

    def _note(self, run: Run, type_: str, row: Row, amount: int, data: Mapping[str, Any]) -> None:
        claim = self.histories[run.person_id][row["claim_id"]]
        self.transaction.journal.append(
            type_,
            # by plain names: "grant" is a reserved word, which SQLAlchemy's rows carry in a class of their own
            {name: row[name] for name in GRANT_COLUMNS} | dict(data) | {"cause": run.cause.json()},
            person_id=run.person_id,
            claim_id=row["claim_id"],
            claim_number=claim["number"],
            run=run.number,
            stage=GRANT_STAGES[row["grant"]],
            year=row["year"] or None,
            scheme=run.scheme,
            paid=amount,
        )


def _grant_row(run: Run, grant: Grant) -> dict[str, Any]:
    return {
        "person_id": run.person_id,
        "scheme": run.scheme,
        "grant": grant.kind,
        "year": grant.year or 0,
        "amount": grant.amount,
        "claim_id": grant.claim_id,
    }


def _grant_key(row: Row) -> GrantKey:
    return row["scheme"], row["grant"], row["year"]
