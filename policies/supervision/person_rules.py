"""What the rules on one person's claims state: their values, each with its source."""

from policies.supervision.values import CitedAmount, CitedCount, CitedIcd, CitedRatio, RuleTerms
from policies.values import Strict


class SplitStayTerms(RuleTerms):
    """分解住院: a new admission to the same hospital within so many days of a discharge.

    ``days`` is N; ``suspicious_within`` and ``violation_within`` are the gaps of the graver severities. ``chain_stays``
    stays with gaps within N, whatever their diagnoses, are a chain. The gaps of a hospital jump behind N where, of
    ``jump_cases`` gaps or more within ``jump_days`` on either side of N, more lie behind N than chance gives at the
    level ``jump_level`` (binomial test).
    """

    days: CitedCount
    suspicious_within: CitedCount
    violation_within: CitedCount
    exempt: CitedIcd
    chain_stays: CitedCount
    jump_days: CitedCount
    jump_cases: CitedCount
    jump_level: CitedRatio


class OverlappingStaysTerms(RuleTerms):
    """重叠住院: two stays that share more than ``shared_days`` days."""

    shared_days: CitedCount


class VisitInStayTerms(RuleTerms):
    """住院期间门诊、购药: a visit between ``margin_days`` behind the admission and before the discharge."""

    margin_days: CitedCount
    suspicious_visits: CitedCount


class LongStayTerms(RuleTerms):
    """超长住院: a stay of so many days or more, ``mental_days`` for the diagnoses of ``mental``."""

    days: CitedCount
    mental_days: CitedCount
    mental: CitedIcd


class TwoPlacesTerms(RuleTerms):
    """同日多院、异地同时: services in so many houses on one day, graver where they lie in two counties."""

    houses: CitedCount


class SameBillTerms(RuleTerms):
    """重复结算、同票: the same house, days and five sums, or the same invoice; ``small`` sums alike are a hint."""

    window_days: CitedCount
    small: CitedAmount


class AfterDeathTerms(RuleTerms):
    """死亡后结算: a day of service later than ``grace_days`` behind the death."""

    grace_days: CitedCount


class SuspendedHospitalTerms(RuleTerms):
    """暂停期结算: a day of service in a suspension; a stay that began before it is a hint."""


class UnfiledFullRateTerms(RuleTerms):
    """转诊未备案: away from home, no filing or referral covers the admission, and paid as filed."""

    at_risk_over: CitedAmount


class StateConflictTerms(RuleTerms):
    """状态冲突: sex or age against ICD-10, and days on which the person was not insured."""

    female: CitedIcd
    male: CitedIcd
    infant: CitedIcd
    infant_years: CitedCount
    birth: CitedIcd
    birth_youngest: CitedCount
    birth_oldest: CitedCount


class PersonRules(Strict):
    """The rules on one person's claims."""

    split_stay: SplitStayTerms
    overlapping_stays: OverlappingStaysTerms
    visit_in_stay: VisitInStayTerms
    long_stay: LongStayTerms
    two_places_one_day: TwoPlacesTerms
    same_bill: SameBillTerms
    after_death: AfterDeathTerms
    suspended_hospital: SuspendedHospitalTerms
    unfiled_full_rate: UnfiledFullRateTerms
    state_conflict: StateConflictTerms
