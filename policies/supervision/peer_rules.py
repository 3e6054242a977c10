"""What the rules on hospitals, and on persons beside their peers, state: their values, each with its source."""

from policies.supervision.days import DayRanges
from policies.supervision.values import (
    CitedAmount,
    CitedAmounts,
    CitedCount,
    CitedIcd,
    CitedRatio,
    CitedValue,
    RuleTerms,
)
from policies.values import DiseaseCode, Strict

CitedDays = CitedValue[DayRanges]
CitedDiseases = CitedValue[tuple[DiseaseCode, ...]]


class LowStandardStayTerms(RuleTerms):
    """低标准入院、挂床: fewer than ``days`` days at less than ``cost_ratio`` of the peers' median cost; ``light``
    illness is graver.

    Or ``bed_days`` days or more at less than ``bed_ratio`` of the peers' median cost a day, and below their
    ``bed_percentile``: a bed that may have been empty. ``exempt`` diagnoses are no sign of either.
    """

    days: CitedCount
    cost_ratio: CitedRatio
    light: CitedIcd
    bed_days: CitedCount
    bed_ratio: CitedRatio
    bed_percentile: CitedRatio
    exempt: CitedIcd


class FrequentVisitsTerms(RuleTerms):
    """频繁就诊购药、超量: a month with more than ``visits_times`` the mean visits of those who came, or ``cost_times``
    their mean cost; no fewer than ``least_visits``, no less than ``least_cost``.

    Or more than ``pharmacy_visits`` at pharmacies in a year; or payments for one chronic disease within ``supply_days``
    days above the ``supply_percentile`` of those who have it. Persons with ``exempt`` diagnoses, and visits for
    ``exempt_diseases``, are left out.
    """

    visits_times: CitedCount
    least_visits: CitedCount
    cost_times: CitedCount
    least_cost: CitedAmount
    pharmacy_visits: CitedCount
    supply_days: CitedCount
    supply_percentile: CitedRatio
    exempt: CitedIcd
    exempt_diseases: CitedDiseases


class OutOfCatalogTerms(RuleTerms):
    """目录外占比: a hospital's month of at least ``least_bills`` bills whose share out of catalog is above the
    ``percentile`` of its tier, by ``level`` of false discoveries.

    Or one bill of ``bill_total`` or more with ``bill_share`` or more of it out of catalog.
    """

    percentile: CitedRatio
    least_bills: CitedCount
    level: CitedRatio
    bill_share: CitedRatio
    bill_total: CitedAmount


class CostGrowthTerms(RuleTerms):
    """次均费用增长: in ``months`` months running, of ``least_cases`` discharges each, the mean cost is more than
    ``growth`` above both that of the month before them and that of the same month a year ago, by ``level`` of false
    discoveries."""

    growth: CitedRatio
    months: CitedCount
    least_cases: CitedCount
    level: CitedRatio


class NearLimitTerms(RuleTerms):
    """临界定额、冲顶: a hospital's bills heaped within ``width`` under a line, ``least_bills`` or more of them and
    ``band_share`` or more of its bills above half of the line, by ``level`` of false discoveries.

    Lines are the case quotas of the scheme, ``stay_lines`` and ``visit_lines``. Or its patients whose year's payments
    of a layer lie between ``cap_use`` of a yearly cap and the cap: ``least_persons`` or more, ``band_share`` or more
    of all.
    """

    stay_lines: CitedAmounts
    visit_lines: CitedAmounts
    width: CitedRatio
    least_bills: CitedCount
    band_share: CitedRatio
    cap_use: CitedRatio
    least_persons: CitedCount
    level: CitedRatio


class PeriodPeakTerms(RuleTerms):
    """集中时段虚增: the share of a hospital's year that lies in a month, in the last ``last_days`` days of months, or
    that was admitted on ``holidays``, is more than ``excess`` above both its own share of up to ``years`` years
    before and that of the other hospitals of its tier, with ``least_cases`` or more, by ``level`` of false
    discoveries."""

    last_days: CitedCount
    holidays: CitedDays
    excess: CitedRatio
    years: CitedCount
    least_cases: CitedCount
    level: CitedRatio


class ReversalsTerms(RuleTerms):
    """冲红: ``cases`` or more reversed bills of a hospital's year at a rate above the ``percentile`` of all, by
    ``level`` of false discoveries; ``rebilled`` or more that came again at more than ``higher`` above; or ``cases``
    reversed more than
    ``close_days`` days after the bill's month.

    A day on which ``fault_hospitals`` hospitals reversed ``fault_cases`` bills each is a fault of systems and left out.
    """

    cases: CitedCount
    percentile: CitedRatio
    level: CitedRatio
    rebilled: CitedCount
    higher: CitedRatio
    close_days: CitedCount
    fault_hospitals: CitedCount
    fault_cases: CitedCount


class AdmittedTogetherTerms(RuleTerms):
    """结伴住院: the same ``persons`` or more admitted to a hospital within ``days`` days of one another, ``times``
    times.

    A household counts as one person. Diagnoses of ``exempt`` come in cycles and are left out.
    """

    persons: CitedCount
    times: CitedCount
    days: CitedCount
    exempt: CitedIcd


class PeerRules(Strict):
    """The rules on hospitals, and on persons beside their peers."""

    low_standard_stay: LowStandardStayTerms
    frequent_visits: FrequentVisitsTerms
    out_of_catalog_share: OutOfCatalogTerms
    cost_growth: CostGrowthTerms
    near_limit: NearLimitTerms
    period_peak: PeriodPeakTerms
    reversals: ReversalsTerms
    admitted_together: AdmittedTogetherTerms
