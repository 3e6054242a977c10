"""临界定额、冲顶 (``near_limit``): bills heaped just under a line, or year's payments just under a cap.

Definition: (a) ``line`` a hospital's bills of a year within ``width`` under a line against those as far above it, by a
binomial test, over all hospitals and lines by Benjamini and Hochberg; where enough bills lie farther out, these tell
how many left of the line are to be expected. ``least_bills`` or more, and ``band_share`` or more of its bills above
half of the line. Lines: the scheme's case quotas, each for the stays of its disease, and those that the text names.
(b) ``cap`` a hospital's patients whose year's payments of a layer, for which the scheme has a yearly cap, lie from
``cap_use`` of it up to it: ``least_persons`` or more, ``band_share`` or more of its patients with payments of the
layer, more than in other hospitals.
Money at risk: of (a) the part of the band's payments that the bills beyond the expected ones are; of (b) what the
layer paid.
Exclusions: reversed bills.
False alarms: round prices and packages heap too; caps that nearly every patient reaches.
Law: 条例 (国务院令735) 第三十八条 (一)(四). SUPERVISION section 2, rule 15.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from msgspec import Struct

from policies.supervision.peer_rules import NearLimitTerms
from processors.supervision.claim import SupervisedClaim
from processors.supervision.lines import yearly_caps
from processors.supervision.peers import (
    by_hospital,
    by_region,
    figure,
    grouped,
    last_day,
    money,
    named,
    part_at_risk,
    probability,
    share,
    span,
    total_of,
)
from processors.supervision.rule import PeerStanding, RuleFinding, SupervisionContext, SupervisionRule, YearClaims
from processors.supervision.statistics.discoveries import discoveries, excess_p
from processors.supervision.statistics.heaps import Heap, heap

CODE = "near_limit"
EXCLUDED = ("已冲销的结算单 reversed bills",)
UNCHECKED = (
    "是否整数定价或包干 round or package prices",
    "同一次治疗是否拆成多笔（须病案） whether one treatment was billed in parts: needs records",
)
BANDS = 12
"""Bars of the histogram about a line, each as wide as the band; six below."""


class _Heaped(Struct, frozen=True):
    hospital_id: str
    line: int
    of: str
    width: int
    bills: Sequence[SupervisedClaim]
    heap: Heap


def _find(year: YearClaims, context: SupervisionContext) -> Iterable[RuleFinding]:
    for region, claims in by_region(year.claims).items():
        terms = context.text(last_day(claims), region).rules.near_limit
        if terms.used:
            bills = [claim for claim in claims if claim.standing and claim.bill.total > 0]
            heaped = list(_heaps(bills, terms, context))
            found = discoveries([each.heap.p for each in heaped], float(terms.level.value))
            for each, discovered in zip(heaped, found, strict=True):
                if discovered and _band_share(each) >= terms.band_share.value:
                    yield _line_finding(each, year.year, context)
            yield from _capped(bills, terms, year.year, context)


def _heaps(bills: Sequence[SupervisedClaim], terms: NearLimitTerms, context: SupervisionContext) -> Iterator[_Heaped]:
    for hospital_id, own in sorted(by_hospital(bills).items()):
        stays = [bill for bill in own if bill.is_stay]
        visits = [bill for bill in own if not bill.is_stay]
        wanted = [(line, "stay", stays) for line in terms.stay_lines.value]
        wanted += [(line, "visit", visits) for line in terms.visit_lines.value]
        for disease, of_disease in grouped((stay for stay in stays if stay.disease), lambda s: str(s.disease)).items():
            wanted += [(line, disease, of_disease) for line in sorted(_quotas(of_disease, context))]
        for line, of, cases in wanted:
            width = int(line * terms.width.value)
            if len(cases) < terms.least_bills.value or width == 0:
                continue
            found = heap([bill.bill.total for bill in cases], line, width)
            if found.left >= terms.least_bills.value:
                yield _Heaped(hospital_id, line, of, width, cases, found)


def _quotas(stays: Sequence[SupervisedClaim], context: SupervisionContext) -> set[int]:
    """The case quotas that the schemes of these stays, all of one disease, state for its tiers on their days."""
    found: set[int] = set()
    for scheme_hash, own in grouped(stays, lambda stay: stay.scheme).items():
        scheme = context.schemes.get(scheme_hash)
        if scheme is not None and scheme.case_quota is not None:
            tiers = {stay.tier for stay in own}
            found |= {
                row.value
                for row in scheme.case_quota.tariff.root
                if row.disease == own[0].disease
                and (row.tier is None or tiers & set(row.tier))
                and any(row.holds_on(stay.ends_on) for stay in own)
            }
    return found


def _band_share(heaped: _Heaped) -> Fraction:
    """What part of the bills above half of the line lies in the band."""
    relevant = sum(2 * bill.bill.total > heaped.line for bill in heaped.bills)
    return Fraction(heaped.heap.left, relevant)


def _line_finding(heaped: _Heaped, year: int, context: SupervisionContext) -> RuleFinding:
    low = heaped.line - heaped.width
    left = [bill for bill in heaped.bills if low <= bill.bill.total <= heaped.line]
    text = context.text(last_day(left), left[0].region)
    expected = Fraction(heaped.heap.expected) * (heaped.heap.left + heaped.heap.right)
    beyond = max(Fraction(0), 1 - expected / heaped.heap.left)
    return RuleFinding(
        rule=CODE,
        severity=text.rules.near_limit.severity,
        text=text,
        terms=text.rules.near_limit,
        key=(heaped.hospital_id, str(year), "line", heaped.of, str(heaped.line)),
        claims=named(left),
        evidence={
            "kind": "line",
            "of": heaped.of,
            "line": money(heaped.line),
            "band_from": money(low),
            "under": heaped.heap.left,
            "over": heaped.heap.right,
            "expected_under": figure(float(expected), 1),
            "expected_from_bills_farther_out": heaped.heap.sloped,
            "p": probability(heaped.heap.p),
            "band_share": share(_band_share(heaped)),
            "histogram": _histogram(heaped),
        },
        region=left[0].region,
        hospital_id=heaped.hospital_id,
        dates=span(left),
        at_risk=part_at_risk(left, beyond),
        outlier=heaped.heap.left / max(float(expected), 1.0),
        peers=PeerStanding(
            "线下与线上 under and over the line", heaped.heap.left + heaped.heap.right, figure(float(expected), 1), None
        ),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


def _histogram(heaped: _Heaped) -> list[list[object]]:
    """The lower edge of each bar and its bills; the line is the lower edge of the seventh, which it opens."""
    counts = [0] * BANDS
    start = heaped.line - BANDS // 2 * heaped.width
    for bill in heaped.bills:
        bar = (bill.bill.total - start - 1) // heaped.width  # a bill of just the line lies under it
        if 0 <= bar < BANDS:
            counts[bar] += 1
    return [[money(start + bar * heaped.width), count] for bar, count in enumerate(counts)]


class _Capped(Struct, frozen=True):
    hospital_id: str
    layer: str
    settings: tuple[str, ...]
    near: Mapping[str, int]
    persons: int
    p: float


def _capped(
    bills: Sequence[SupervisedClaim], terms: NearLimitTerms, year: int, context: SupervisionContext
) -> Iterator[RuleFinding]:
    found = [
        capped
        for (layer, settings), caps in sorted(yearly_caps(bills, context.schemes).items())
        for capped in _near_caps(bills, layer, settings, caps, terms)
    ]
    marked = discoveries([each.p for each in found], float(terms.level.value))
    for each, discovered in zip(found, marked, strict=True):
        if discovered and Fraction(len(each.near), each.persons) >= terms.band_share.value:
            yield _cap_finding(each, bills, year, context)


def _near_caps(
    bills: Sequence[SupervisedClaim],
    layer: str,
    settings: tuple[str, ...],
    caps: Sequence[int],
    terms: NearLimitTerms,
) -> Iterator[_Capped]:
    served = [bill for bill in bills if bill.setting in settings and bill.paid_by_layer.get(layer)]
    sums = {
        person: sum(bill.paid_by_layer[layer] for bill in own)
        for person, own in grouped(served, lambda bill: bill.person_id).items()
    }
    near = {
        person: paid for person, paid in sums.items() if any(cap * terms.cap_use.value <= paid <= cap for cap in caps)
    }
    for hospital_id, own in sorted(by_hospital(served).items()):
        persons = {bill.person_id for bill in own}
        others = sums.keys() - persons
        here = {person: near[person] for person in sorted(persons & near.keys())}
        if len(here) >= terms.least_persons.value and others:
            rate = (len(near.keys() - persons) + 1) / (len(others) + 2)
            yield _Capped(hospital_id, layer, settings, here, len(persons), excess_p(len(here), len(persons), rate))


def _cap_finding(
    capped: _Capped, bills: Sequence[SupervisedClaim], year: int, context: SupervisionContext
) -> RuleFinding:
    own = [
        bill
        for bill in bills
        if bill.hospital_id == capped.hospital_id
        and bill.person_id in capped.near
        and bill.setting in capped.settings
        and bill.paid_by_layer.get(capped.layer)
    ]
    text = context.text(last_day(own), own[0].region)
    return RuleFinding(
        rule=CODE,
        severity="hint",
        text=text,
        terms=text.rules.near_limit,
        key=(capped.hospital_id, str(year), "cap", capped.layer, *capped.settings),
        claims=named(own),
        evidence={
            "kind": "cap",
            "layer": capped.layer,
            "settings": list(capped.settings),
            "persons_near": len(capped.near),
            "persons": capped.persons,
            "share": share(Fraction(len(capped.near), capped.persons)),
            "p": probability(capped.p),
            "paid": {person: money(paid) for person, paid in list(capped.near.items())[:50]},
            "bills_total": money(total_of(own)),
        },
        region=own[0].region,
        hospital_id=capped.hospital_id,
        dates=span(own),
        at_risk={capped.layer: sum(bill.paid_by_layer[capped.layer] for bill in own)},
        outlier=len(capped.near) / capped.persons * 10,
        peers=PeerStanding("本院有支付人员 patients with payments here", capped.persons, "", None),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


RULE = SupervisionRule(code=CODE, logic=1, name="临界定额、冲顶", of_year=_find)
