"""Settles a person under the law as it is and under each variant, with the engine that settles live."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from events.money import yuan
from policies.claim import Claim
from policies.engine import Schemes, stay_numbers, with_stay_numbers
from policies.reform import ReformError
from processors.person.recalculation import HeldGrant, Recalculation, differing, recalculate
from processors.simulation.facts import SimulatedPerson, Stated
from processors.simulation.groups import Groups
from processors.simulation.text_reach import TextReach, reaches
from processors.simulation.totals import SimulationTotals, Unlike, VariantTotals, totals_of_nobody
from processors.simulation.variant import SimulationScope, Variant
from projections.statements import StatementRow

NOTHING = "—"


class PersonFold(Struct, frozen=True):
    """A person settled: as the law is, and under each variant, None where it can change nothing of this person."""

    baseline: Recalculation
    variants: list[Recalculation | None]


class Fold:
    """Settles persons and adds up. ``schemes`` are the texts by hash, those of the variants among them."""

    def __init__(
        self, schemes: Schemes, scope: SimulationScope, variants: Sequence[Variant], by: Sequence[str] = ()
    ) -> None:
        self.schemes, self.scope, self.variants, self.by = schemes, scope, variants, by
        self._reaches: list[dict[str, TextReach]] = [reaches(variant.texts, schemes) for variant in variants]

    def totals(self) -> SimulationTotals:
        """Totals of nobody yet."""
        return totals_of_nobody(len(self.variants), self.by)

    def settled(self, claims: Sequence[Claim]) -> PersonFold:
        """One person's claims settled under each law.

        Raises ``ReformError`` where a variant's text gives a claim no value, or pays more than its bill; of the law as
        it is what ``recalculate`` raises.
        """
        numbered = self._numbered(claims)
        return PersonFold(
            recalculate(claims, self.schemes),
            [
                self._varied(claims, variant) if self._touched(numbered, each) else None
                for variant, each in zip(self.variants, self._reaches, strict=True)
            ],
        )

    def _varied(self, claims: Sequence[Claim], variant: Variant) -> Recalculation:
        try:
            return recalculate(variant.moved(claims, self.scope), self.schemes)
        except (AssertionError, LookupError) as error:
            told = f"{variant.name}: 改后的政策文本无法结算 the changed text can't settle person {claims[0].person_id}"
            raise ReformError([f"{told}: {error}"]) from None

    def count(self, facts: SimulatedPerson, totals: SimulationTotals) -> None:
        """Settle a person whose claims are counted, hold the baseline against the books, and add all up."""
        if not any(self.scope.counts(claim, self.schemes) for claim in facts.claims):
            return
        fold = self.settled(facts.claims)
        if facts.in_flight:
            totals.in_flight += 1
        elif (unlike := _unlike(facts, fold.baseline)) is not None:
            totals.unlike_count += 1
            totals.unlike.append(unlike)
        rows = [row for row in fold.baseline.statements if self._counts(row)]
        totals.persons += bool(rows)
        totals.claims += len(rows)
        for row in rows:
            totals.baseline.count(row)
        totals.baseline.grants += self._granted(fold.baseline)
        for variant, after in zip(totals.variants, fold.variants, strict=True):
            if after is not None:
                self._compare(fold.baseline, after, variant)
        if self.by:
            self._group(facts.claims, fold, totals.groups)

    def _group(self, claims: Sequence[Claim], fold: PersonFold, groups: Groups) -> None:
        by_id = {claim.claim_id: claim for claim in claims}
        after = fold.variants[-1] or fold.baseline
        for old, new in zip(fold.baseline.statements, after.statements, strict=True):
            if self._counts(old):
                for kind in self.by:
                    group = groups.at(kind, by_id[old.claim_id])
                    group.count(old)
                    if _figures(old) != _figures(new):
                        group.compare(old, new)

    def _numbered(self, claims: Sequence[Claim]) -> Sequence[Claim]:
        """Claims with their numbers as stays, where a value may depend on them."""
        if not any(self.schemes[claim.scheme].counts_stays for claim in claims):
            return claims
        return with_stay_numbers(claims, stay_numbers(self.schemes, (claim for claim in claims if claim.is_stay)))

    def _touched(self, claims: Sequence[Claim], reached: dict[str, TextReach]) -> bool:
        return any(
            (reach := reached.get(claim.scheme)) is not None and self.scope.moves(claim) and reach.touches(claim)
            for claim in claims
        )

    def _counts(self, row: StatementRow) -> bool:
        return row.status == "settled" and row.scheme in self.scope.schemes and self.scope.within(row.region)

    def _granted(self, settled: Recalculation) -> int:
        regions = {row.claim_id: row.region for row in settled.statements}
        return sum(
            grant.amount
            for grant in settled.grants.values()
            if grant.scheme in self.scope.schemes and self.scope.within(regions[grant.claim_id])
        )

    def _compare(self, before: Recalculation, after: Recalculation, totals: VariantTotals) -> None:
        totals.settled += 1
        borne = 0
        for old, new in zip(before.statements, after.statements, strict=True):
            if self._counts(old) and _figures(old) != _figures(new):
                totals.claims_changed += 1
                totals.difference.count(new)
                totals.difference.count(old, -1)
                borne += new.patient_share - old.patient_share
        granted = self._granted(after) - self._granted(before)
        totals.difference.grants += granted
        borne -= granted
        totals.gain += borne < 0
        totals.lose += borne > 0


def _figures(said: StatementRow | Stated) -> tuple[object, ...]:
    """What differs where a claim is settled otherwise; a layer that pays nothing is one that does not pay."""
    paid = tuple(sorted((layer, amount) for layer, amount in said.layers if amount))
    return said.claim_id, said.status, said.total, paid, said.patient_share, said.hospital_share


def _unlike(facts: SimulatedPerson, settled: Recalculation) -> Unlike | None:
    return next(_differences(facts, settled), None)


def _differences(facts: SimulatedPerson, settled: Recalculation) -> Iterator[Unlike]:
    booked = {stated.claim_id: stated for stated in facts.stated}
    for row in settled.statements:
        stated = booked.get(row.claim_id)
        if stated is None or _figures(row) != _figures(stated):
            yield Unlike(facts.person_id, f"claim {row.claim_id}", _told(row), _told(stated))
    held = {grant.key: grant for grant in facts.grants}
    for key, due, there in differing(settled.grants, held):
        yield Unlike(facts.person_id, f"grant {' '.join(map(str, key))}", _granted(due), _granted(there))


def _told(said: StatementRow | Stated | None) -> str:
    if said is None:
        return NOTHING
    paid = ", ".join(f"{layer} {yuan(amount)}" for layer, amount in said.layers)
    return f"{said.status} {paid}; patient {yuan(said.patient_share)}; hospital {yuan(said.hospital_share)}"


def _granted(grant: HeldGrant | None) -> str:
    return NOTHING if grant is None else f"{yuan(grant.amount)} for {grant.claim_id}"
