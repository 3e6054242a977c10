"""Deadlines and limits of cases: 医疗保障行政处罚程序暂行规定, 行政处罚法, and what a bureau states over them."""

from policies.supervision.values import CitedAmount, CitedCount, CitedRatio, CitedSection


class CaseDeadlines(CitedSection):
    """Section ``deadlines``. A name says its unit: ``_working_days`` by the state's calendar of holidays, ``_days``,
    ``_years``; ``hearing_from`` is an amount.

    A lead is checked within ``lead_check_working_days`` (one extension of as many). A case is decided within
    ``case_days``, extended once by ``extension_days`` and, by a collective decision, once more; an expert's review does
    not count. A fine of ``hearing_from`` or more needs a hearing, offered ``hearing_notice_days`` before, and a legal
    review by somebody else. A fine is paid within ``fine_days``; each day later costs ``late_fine_daily`` of it, never
    more than the fine. What ended ``time_bar_years`` before the case was opened, ``time_bar_harm_years`` where health
    was harmed, is fined no more.
    """

    lead_check_working_days: CitedCount
    officers: CitedCount
    case_days: CitedCount
    extension_days: CitedCount
    extensions: CitedCount
    evidence_hold_working_days: CitedCount
    sealing_days: CitedCount
    legal_review_working_days: CitedCount
    hearing_from: CitedAmount
    hearing_notice_days: CitedCount
    fine_days: CitedCount
    late_fine_daily: CitedRatio
    time_bar_years: CitedCount
    time_bar_harm_years: CitedCount
    warning_answer_working_days: CitedCount
    suspension_days: CitedCount
