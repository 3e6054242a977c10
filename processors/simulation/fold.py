"""Settles a person under the law as it is and under each variant, with the engine that settles live."""

from collections.abc import Iterator, Sequence

from msgspec import Struct, structs

from events.money import yuan
from policies.claim import Claim
from policies.engine import Schemes, stay_numbers, with_stay_numbers
from policies.reform import ReformError
from policies.scheme import Scheme
from processors.person.recalculation import HeldGrant, Recalculation, differing, recalculate
from processors.pipeline.settlement import statement_row
from processors.simulation.burdens import Breakdown
from processors.simulation.facts import SimulatedPerson, Stated
from processors.simulation.figures import PersonFigure
from processors.simulation.groups import BY_CLAIM, DECILE, GroupTotals
from processors.simulation.text_reach import TextReach, reaches
from processors.simulation.totals import SimulatedSums, SimulationTotals, Unlike, VariantTotals, totals_of_nobody
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
        self, schemes: Schemes, scope: SimulationScope, variants: Sequence[Variant], breakdown: Breakdown
    ) -> None:
        self.schemes, self.scope, self.variants, self.breakdown = schemes, scope, variants, breakdown
        self._by = [kind for kind in breakdown.by if kind in BY_CLAIM]
        self._reaches: list[dict[str, TextReach]] = [reaches(variant.texts, schemes) for variant in variants]

    def totals(self) -> SimulationTotals:
        """Totals of nobody yet."""
        return totals_of_nobody(len(self.variants), self.breakdown.by)

    def settled(self, claims: Sequence[Claim]) -> PersonFold:
        """One person's claims settled under each law.

        Raises ``ReformError`` where a variant's text gives a claim no value, or pays more than its bill; of the law as
        it is what ``recalculate`` raises.
        """
        return self._settled(claims, recalculate(claims, self.schemes))

    def _settled(self, claims: Sequence[Claim], baseline: Recalculation) -> PersonFold:
        numbered = self._numbered(claims)
        return PersonFold(
            baseline,
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

    def count(self, facts: SimulatedPerson, totals: SimulationTotals, *, proven: bool = False) -> None:
        """Settle a person whose claims are counted, hold the baseline against the books, and add all up.

        Where it is ``proven`` that these facts settle to what is booked, that is taken for the baseline; of a person
        in flight it is not.
        """
        if not any(self.scope.counts(claim, self.schemes) for claim in facts.claims):
            return
        if proven and not facts.in_flight:
            fold = self._settled(facts.claims, booked(facts, self.schemes))
        else:
            fold = self.settled(facts.claims)
        if facts.in_flight:
            totals.in_flight += 1
        elif not proven and (unlike := _unlike(facts, fold.baseline)) is not None:
            totals.unlike_count += 1
            totals.unlike.append(unlike)
        rows = [row for row in fold.baseline.statements if self.counts(row)]
        totals.persons += bool(rows)
        totals.claims += len(rows)
        for row in rows:
            totals.baseline.count(row)
        totals.baseline.grants += self.granted(fold.baseline)
        for variant, after in zip(totals.variants, fold.variants, strict=True):
            if after is not None:
                self._compare(fold.baseline, after, variant)
        if rows and self.breakdown != Breakdown():
            self._break_down(facts, fold, totals)

    def _break_down(self, facts: SimulatedPerson, fold: PersonFold, totals: SimulationTotals) -> None:
        by_id = {claim.claim_id: claim for claim in facts.claims}
        after = fold.variants[-1] or fold.baseline
        pairs = zip(fold.baseline.statements, after.statements, strict=True)
        counted = [(old, new) for old, new in pairs if self.counts(old)]
        whole, own = GroupTotals(), dict[tuple[str, str], GroupTotals]()
        for old, new in counted:
            claim = by_id[old.claim_id]
            for group in (whole, *(own.setdefault((k, BY_CLAIM[k](claim, facts)), GroupTotals()) for k in self._by)):
                group.count(old)
                if _figures(old) != _figures(new):
                    group.compare(old, new)
        totals.groups.count_person(own)
        was, now = self._sums_of(fold.baseline), self._sums_of(after)
        if self.breakdown.household_line is not None:
            for old, new in counted:
                totals.households.count(by_id[old.claim_id], old.patient_share, new.patient_share)
            for grant in self._grants(fold.baseline):
                totals.households.count(by_id[grant.claim_id], -grant.amount, 0)
            for grant in self._grants(after):
                totals.households.count(by_id[grant.claim_id], 0, -grant.amount)
        if self.breakdown.persons or DECILE in self.breakdown.by:
            totals.burdens.count(facts.person_id, was.patient_share - was.grants, now.patient_share - now.grants, whole)
        if self.breakdown.figure is not None:
            self._count_figure(self.breakdown.figure, fold, totals)
        if self.breakdown.public:
            totals.count_amounts(was, now, changed=whole.changed > 0 or was.grants != now.grants)

    def _count_figure(self, figure: PersonFigure, fold: PersonFold, totals: SimulationTotals) -> None:
        def of(settled: Recalculation) -> int | None:
            return figure.of([row for row in settled.statements if self.counts(row)], self.granted(settled))

        before = of(fold.baseline)
        if before is None:
            return
        totals.figures.append(before)
        for variant, after in zip(totals.variants, fold.variants, strict=True):
            figured = before if after is None else of(after)
            variant.figures.append(before if figured is None else figured)

    def _sums_of(self, settled: Recalculation) -> SimulatedSums:
        sums = SimulatedSums(grants=self.granted(settled))
        for row in settled.statements:
            if self.counts(row):
                sums.count(row)
        return sums

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

    def counts(self, row: StatementRow) -> bool:
        """Whether a statement is one of those that are added up."""
        return row.status == "settled" and row.scheme in self.scope.schemes and self.scope.within(row.region)

    def granted(self, settled: Recalculation) -> int:
        """The grants that are added up, in fen."""
        return sum(grant.amount for grant in self._grants(settled))

    def _grants(self, settled: Recalculation) -> Iterator[HeldGrant]:
        regions = {row.claim_id: row.region for row in settled.statements}
        for grant in settled.grants.values():
            if grant.scheme in self.scope.schemes and self.scope.within(regions[grant.claim_id]):
                yield grant

    def _compare(self, before: Recalculation, after: Recalculation, totals: VariantTotals) -> None:
        totals.settled += 1
        borne = 0
        for old, new in zip(before.statements, after.statements, strict=True):
            if self.counts(old) and _figures(old) != _figures(new):
                totals.claims_changed += 1
                totals.difference.count(new)
                totals.difference.count(old, -1)
                borne += new.patient_share - old.patient_share
        granted = self.granted(after) - self.granted(before)
        totals.difference.grants += granted
        borne -= granted
        totals.gain += borne < 0
        totals.lose += borne > 0


def booked(facts: SimulatedPerson, schemes: Schemes) -> Recalculation:
    """What is booked for a person, as settling anew would give it; without payouts."""
    rows = [
        _booked_row(claim, said, schemes[claim.scheme]) for claim, said in zip(facts.claims, facts.stated, strict=True)
    ]
    return Recalculation({}, rows, {grant.key: grant for grant in facts.grants})


def _booked_row(claim: Claim, said: Stated, scheme: Scheme) -> StatementRow:
    if claim.claim_id != said.claim_id:
        raise AssertionError(f"the statement of {said.claim_id} stands where that of {claim.claim_id} should")
    row = statement_row(structs.replace(claim, standing=False), (), scheme)  # all but what is decided
    return StatementRow(
        **row
        | {
            "status": said.status,
            "layers": [list(layer) for layer in said.layers],
            "patient_share": said.patient_share,
            "hospital_share": said.hospital_share,
        }
    )


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
