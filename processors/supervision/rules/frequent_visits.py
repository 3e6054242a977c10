"""频繁就诊购药、超量 (``frequent_visits``): a person who comes, or draws, far more than those who come at all.

Definition: (a) ``visits`` a month with more than ``visits_times`` the mean visits of the persons who came that month,
and
``least_visits`` or more, or with more than ``cost_times`` their mean cost, and ``least_cost`` or more; one lead a
person and year. (b) ``pharmacy`` more than ``pharmacy_visits`` at pharmacies in a year. (c) ``supply`` 超量: the
largest sum that the funds paid within any ``supply_days`` days for one chronic disease is above the
``supply_percentile`` of all who have it, and an outlier among them (robust z of the logarithm above 3.5); at least 20
persons with the disease, else nothing is said.
Exclusions: dialysis, tumours, transplants, hemophilia: the visit's disease, or a diagnosis of the person's stays in
the year.
False alarms: wound dressing, injections and acupuncture day by day; a family that fetches for its old; lost drugs.
Law: 条例 (国务院令735) 第三十八条 (二), 第四十一条. SUPERVISION section 2, rules 8 and 9. What the person took away
needs drug lines.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from policies.supervision.icd import any_within
from policies.supervision.peer_rules import FrequentVisitsTerms
from processors.supervision.claim import SupervisedClaim
from processors.supervision.peers import (
    by_region,
    figure,
    grouped,
    last_day,
    money,
    month_of,
    named,
    standing_of,
    standing_visits,
    total_of,
)
from processors.supervision.rule import PeerStanding, RuleFinding, SupervisionContext, SupervisionRule, YearClaims
from processors.supervision.statistics.outliers import MOST_DISTANT, RelativePlace, percentile_of, places
from processors.supervision.statistics.peer_groups import LEAST_PEERS

CODE = "frequent_visits"
EXCLUDED = ("透析、肿瘤、移植、血友病 dialysis, tumours, transplants, hemophilia",)
UNCHECKED = (
    "药品、剂量与疗程（须费用明细） drugs and doses: needs item lines",
    "是否家属代取 whether the family fetched drugs",
)
Months = Mapping[str, Sequence[SupervisedClaim]]


def _find(year: YearClaims, context: SupervisionContext) -> Iterable[RuleFinding]:
    before = by_region(year.before)
    for region, claims in by_region(year.claims).items():
        terms = context.text(last_day(claims), region).rules.frequent_visits
        if terms.used:
            visits = _counted(claims, terms)
            yield from _crowded_months(visits, context)
            yield from _pharmacies(visits, terms, year.year, context)
            start = date(year.year, 1, 1) - timedelta(days=terms.supply_days.value)
            recent = [claim for claim in before.get(region, ()) if claim.ends_on > start]
            yield from _supplies([*_counted(recent, terms), *visits], terms, year.year, context)


def _counted(claims: Sequence[SupervisedClaim], terms: FrequentVisitsTerms) -> list[SupervisedClaim]:
    """Visits of persons, and for diseases, that are no exception."""
    exempt = {claim.person_id for claim in claims if claim.is_stay and any_within(claim.diagnoses, terms.exempt.value)}
    diseases = frozenset(terms.exempt_diseases.value)
    exempt |= {claim.person_id for claim in claims if claim.disease in diseases}
    return [claim for claim in standing_visits(claims) if claim.person_id not in exempt]


def _crowded_months(visits: Sequence[SupervisedClaim], context: SupervisionContext) -> Iterator[RuleFinding]:
    crowded: dict[str, dict[str, PeerStanding]] = defaultdict(dict)
    means: dict[str, tuple[float, float]] = {}
    for month, of_month in grouped(visits, lambda visit: month_of(visit.ends_on)).items():
        persons = grouped(of_month, lambda visit: visit.person_id)
        means[month] = len(of_month) / len(persons), total_of(of_month) / len(persons)
        if len(persons) < LEAST_PEERS:
            continue
        counts = [float(len(own)) for own in persons.values()]
        for (person, own), place in zip(persons.items(), places(counts), strict=True):
            if _is_crowded(own, means[month], context):
                group = f"当月门诊购药人员 persons with visits · {month}"
                crowded[person][month] = standing_of(group, place, place.n, told=lambda n: figure(n, 0))
    by_person = grouped((visit for visit in visits if visit.person_id in crowded), lambda visit: visit.person_id)
    for person, own in by_person.items():
        yield _month_finding(
            person, grouped(own, lambda visit: month_of(visit.ends_on)), crowded[person], means, context
        )


def _is_crowded(own: Sequence[SupervisedClaim], mean: tuple[float, float], context: SupervisionContext) -> bool:
    terms = context.text(last_day(own), own[0].region).rules.frequent_visits
    visits, cost = len(own), total_of(own)
    return (visits >= terms.least_visits.value and visits > terms.visits_times.value * mean[0]) or (
        cost >= terms.least_cost.value and cost > terms.cost_times.value * mean[1]
    )


def _month_finding(
    person: str,
    months: Months,
    crowded: Mapping[str, PeerStanding],
    means: Mapping[str, tuple[float, float]],
    context: SupervisionContext,
) -> RuleFinding:
    marked = [visit for month in crowded for visit in months[month]]
    text = context.text(last_day(marked), marked[0].region)
    worst = max(crowded, key=lambda month: (len(months[month]) / means[month][0], month))
    return RuleFinding(
        rule=CODE,
        severity=text.rules.frequent_visits.severity,
        text=text,
        terms=text.rules.frequent_visits,
        key=(person, str(marked[0].year), "visits"),
        claims=named(marked),
        evidence={
            "kind": "visits",
            "months": sorted(crowded),
            "calendar": {
                month: {"visits": len(own), "cost": money(total_of(own)), "days": len({visit.ends_on for visit in own})}
                for month, own in sorted(months.items())
            },
            "mean_visits": {month: figure(means[month][0]) for month in sorted(crowded)},
            "mean_cost": {month: money(means[month][1]) for month in sorted(crowded)},
            "hospitals": sorted({visit.hospital_id for visit in marked}),
        },
        region=marked[0].region,
        person_id=person,
        dates=tuple(sorted({visit.ends_on for visit in marked})),
        outlier=min(MOST_DISTANT, max(len(months[worst]) / means[worst][0], total_of(months[worst]) / means[worst][1])),
        peers=crowded[worst],
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


def _pharmacies(
    visits: Sequence[SupervisedClaim], terms: FrequentVisitsTerms, year: int, context: SupervisionContext
) -> Iterator[RuleFinding]:
    bought = grouped((visit for visit in visits if visit.setting == "pharmacy"), lambda visit: visit.person_id)
    if not bought:
        return
    ranks = dict(zip(bought, places([float(len(own)) for own in bought.values()]), strict=True))
    for person, own in bought.items():
        if len(own) > terms.pharmacy_visits.value:
            text = context.text(last_day(own), own[0].region)
            months = grouped(own, lambda visit: month_of(visit.ends_on))
            yield RuleFinding(
                rule=CODE,
                severity=text.rules.frequent_visits.severity,
                text=text,
                terms=text.rules.frequent_visits,
                key=(person, str(year), "pharmacy"),
                claims=named(own),
                evidence={
                    "kind": "pharmacy",
                    "purchases": len(own),
                    "cost": money(total_of(own)),
                    "calendar": {month: len(of_month) for month, of_month in sorted(months.items())},
                    "pharmacies": sorted({visit.hospital_id for visit in own}),
                },
                region=own[0].region,
                person_id=person,
                dates=tuple(sorted({visit.ends_on for visit in own})),
                outlier=len(own) / terms.pharmacy_visits.value,
                peers=_yearly(f"购药人员 persons with purchases · {year}", ranks[person]),
                excluded=EXCLUDED,
                unchecked=UNCHECKED,
            )


def _yearly(group: str, place: RelativePlace) -> PeerStanding:
    remark = None if place.n >= LEAST_PEERS else f"不足 {LEAST_PEERS} 人，分位仅供参考 few persons"
    return standing_of(group, place, place.n, remark, told=lambda n: figure(n, 0))


def _supplies(
    visits: Sequence[SupervisedClaim], terms: FrequentVisitsTerms, year: int, context: SupervisionContext
) -> Iterator[RuleFinding]:
    chronic = [visit for visit in visits if visit.setting == "chronic" and visit.disease is not None and visit.paid > 0]
    for disease, cases in sorted(grouped(chronic, lambda visit: str(visit.disease)).items()):
        windows = {
            person: window
            for person, own in grouped(cases, lambda visit: visit.person_id).items()
            if (window := _largest_window(own, terms.supply_days.value, year))
        }
        if len(windows) < LEAST_PEERS:
            continue
        sums = [float(_paid(window)) for window in windows.values()]
        line = percentile_of(sums, float(terms.supply_percentile.value * 100))
        for (person, window), paid, place in zip(windows.items(), sums, places(sums), strict=True):
            if paid > line and place.outlies_above:
                text = context.text(last_day(window), window[0].region)
                yield RuleFinding(
                    rule=CODE,
                    severity="hint",
                    text=text,
                    terms=text.rules.frequent_visits,
                    key=(person, str(year), "supply", disease),
                    claims=named(window),
                    evidence={
                        "kind": "supply",
                        "disease": disease,
                        "from": window[0].ends_on.isoformat(),
                        "to": window[-1].ends_on.isoformat(),
                        "paid": money(paid),
                        "line": money(line),
                        "visits": len(window),
                        "calendar": [[visit.ends_on.isoformat(), money(visit.paid)] for visit in window[-50:]],
                    },
                    region=window[0].region,
                    person_id=person,
                    dates=tuple(sorted({visit.ends_on for visit in window})),
                    outlier=place.distance,
                    peers=standing_of(f"{disease} · {year}", place, place.n),
                    excluded=EXCLUDED,
                    unchecked=UNCHECKED,
                )


def _largest_window(own: Sequence[SupervisedClaim], days: int, year: int) -> list[SupervisedClaim]:
    """The visits within so many days, ending in the year, for which the funds paid most; the first of equal ones."""
    ordered = sorted(own, key=lambda visit: (visit.ends_on, visit.claim_id))
    best: tuple[int, int, int] = (0, 0, 0)
    first = paid = 0
    for last, visit in enumerate(ordered):
        paid += visit.paid
        while (visit.ends_on - ordered[first].ends_on).days >= days:
            paid -= ordered[first].paid
            first += 1
        if paid > best[0] and visit.year == year:
            best = paid, first, last + 1
    return ordered[best[1] : best[2]]


def _paid(visits: Iterable[SupervisedClaim]) -> int:
    return sum(visit.paid for visit in visits)


RULE = SupervisionRule(code=CODE, logic=1, name="频繁就诊购药、超量", of_year=_find)
