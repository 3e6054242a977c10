"""Which runs a fact opens: a new claim is a run of one, a changed past a run from the first claim touched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from policies.claim import Claim, CountedStay
from policies.engine import standing_by_admission, stay_numbers, with_stay_numbers
from processors.delivery.run import ALL_YEARS, Cause, Run
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.state import LedgerState, Lookup
from projections.claims import load_stays

Group = tuple[int, str]
"""A person's year and scheme name: what limits run over. Under a scheme whose limits span years it is ``ALL_YEARS``."""


STAYS: Lookup[dict[str, list[CountedStay]]] = Lookup(load_stays, dict)
"""A person's stays, where not all claims of the person are loaded."""


@dataclass(slots=True)
class RunOpener:
    """Opens the runs that a batch of facts brings, numbered per person in the order of the facts."""

    state: LedgerState
    pinned: PinnedSchemes
    runs: list[Run] = field(default_factory=list)

    def open_new(self, claim: Claim, cause: Cause) -> None:
        """A new claim's first run; it has the number that acceptance fixed as ``opened``."""
        if self.pinned.by_hash[claim.scheme].spans_layers:
            self.open_from(claim.person_id, self._group(claim), claim.number, cause, claim.opened)
        else:
            self._open(claim.person_id, self._group(claim), [claim], cause, claim.opened)

    def numbered(self, claim: Claim) -> Claim:
        """A new claim with the number that it has among the year's stays."""
        return with_stay_numbers([claim], self._stay_numbers(claim.person_id, [claim]))[0]

    def reopen(self, touched: Iterable[Claim], cause: Cause, predicted: int | None = None) -> None:
        """A run over each year and scheme of one person in which a claim was touched, from the first one touched.

        Credits reach over years and schemes: a group is touched too where a claim was referred from an admission whose
        claim may now bear another deductible, or comes behind such a claim of its own stay. Credits run forward in
        ledger order, so this ends.

        ``predicted`` is the number that was recorded as that of the first of these runs, where one was.
        """
        changed = list(touched)
        if not changed:
            return
        person_id = changed[0].person_id
        history = sorted(self.state.by_person[person_id].values(), key=lambda claim: claim.number)
        first: dict[Group, int] = {}
        for claim in changed:
            first[self._group(claim)] = min(claim.number, first.get(self._group(claim), claim.number))
        admissions = {claim.admission_id for claim in changed}
        billed: set[str] = set()  # stays of which a bill on 31 December is touched
        for claim in history:
            group = self._group(claim)
            if admissions.intersection(claim.referral) or claim.admission_id in billed:
                first[group] = min(claim.number, first.get(group, claim.number))
            if claim.number >= first.get(group, claim.number + 1) and claim.admission_id is not None:
                admissions.add(claim.admission_id)
                if claim.interim:
                    billed.add(claim.admission_id)
        for group, number in sorted(first.items(), key=lambda item: item[1]):
            self.open_from(person_id, group, number, cause, predicted)
            predicted = None

    def open_from(self, person_id: str, group: Group, number: int, cause: Cause, predicted: int | None = None) -> None:
        """A run over a person's claims of one year and scheme, from a claim number on.

        It has those before it too where a layer's payouts depend on what others have paid on them
        (docs/decisions/0020).
        """
        history = sorted(self.state.by_person[person_id].values(), key=lambda claim: claim.number)
        whole = [claim for claim in history if self._group(claim) == group]
        claims = [claim for claim in whole if claim.number >= number]
        spans_layers = any(self.pinned.by_hash[claim.scheme].spans_layers for claim in claims)
        opened = with_stay_numbers(whole if spans_layers else claims, self._stay_numbers(person_id))
        self._open(person_id, group, opened, cause, predicted)

    def _stay_numbers(self, person_id: str, new: Iterable[Claim] = ()) -> Mapping[int, int]:
        known = {stay.number: stay for stay in self.state.of(STAYS).get(person_id, ())}
        changed = (*self.state.by_person.get(person_id, {}).values(), *new)
        stays: dict[int, Claim | CountedStay] = {**known, **{claim.number: claim for claim in changed if claim.is_stay}}
        return stay_numbers(self.pinned.by_hash, stays.values())

    def _group(self, claim: Claim) -> Group:
        scheme = self.pinned.by_hash[claim.scheme]
        return ALL_YEARS if scheme.spans_years else claim.year, scheme.name

    def _open(self, person_id: str, group: Group, claims: list[Claim], cause: Cause, predicted: int | None) -> None:
        person = self.state.person(person_id)
        person.runs += 1
        if predicted not in (None, person.runs):
            raise AssertionError(f"run {person.runs} of {person_id} was recorded as run {predicted}")
        referred = {admission for claim in claims for admission in claim.referral}
        stays = {claim.admission_id for claim in claims}
        for claim in self.state.by_person.get(person_id, {}).values():
            if claim.interim and claim.admission_id is not None and claim.admission_id in stays:
                referred.add(claim.admission_id)
        chain: dict[str, list[Claim]] = {}
        if referred:
            history = with_stay_numbers(self.state.by_person[person_id].values(), self._stay_numbers(person_id))
            standing = standing_by_admission(history)
            chain = {admission: standing[admission] for admission in sorted(referred & standing.keys())}
        self.runs.append(
            Run(
                person_id=person_id,
                scheme=group[1],
                year=group[0],
                number=person.runs,
                stage=0,
                cause=cause,
                claims=claims,
                chain=chain,
                decided=[[] for _ in claims],
                path=self.pinned.path_of(group[1]),
            )
        )
