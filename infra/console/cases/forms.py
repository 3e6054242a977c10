"""What a form of a case orders, as the steps of ``processors/cases`` take it."""

from typing import Any, cast, get_args

from events.codes import AUDIT_PARTS
from infra.console.errors import FieldTrouble, Unprocessable
from infra.console.form_fields import FormFields, fen_of
from policies.claim import BorneBy
from processors.cases.blacklist import BlacklistOrder
from processors.cases.decisions import MeasureOrder
from processors.cases.inspections import InspectionOrder
from processors.cases.refusal import (
    EFFECT_NAMES,
    INSPECTION_KIND_NAMES,
    MEASURE_NAMES,
    NOTE_NAMES,
    ORIGIN_NAMES,
    RESULT_NAMES,
    SUBJECT_NAMES,
)
from processors.cases.steps import CaseOrder, FindingOrder, NoteOrder
from projections.cases import INSTITUTIONS, FindingClaim

BORNE_BY_NAMES = {"hospital": "医疗机构", "person": "参保人"}
PART_NAMES = {"in_scope": "政策范围内", "upfront_copay": "先自付", "over_limit": "超限价", "self_funded": "自费"}
MOST_CLAIMS = 200
"""So many rows of claims a form of a finding may have."""


def case_order(fields: FormFields) -> CaseOrder:
    """What a case is opened for. Raises ``Unprocessable``."""
    return CaseOrder(
        region=fields.region("region", "办案统筹区"),
        origin=fields.choice("origin", "来源", ORIGIN_NAMES),
        subject_kind=fields.choice("kind", "对象种类", SUBJECT_NAMES),
        subject_id=fields.id("subject", "对象编号"),
        officers=fields.ids("officers", "执法人员"),
        document_no=fields.words("document", "立案文号"),
        reason=fields.words("reason", "事由"),
        opened_on=fields.maybe(fields.day, "on", "立案日期"),
        hospital_id=fields.maybe(fields.id, "hospital", "所在医疗机构"),
        leads=fields.ids("leads", "疑点"),
        inspection_id=fields.maybe(fields.id, "inspection", "检查编号"),
    )


def note_order(case_id: str, fields: FormFields) -> NoteOrder:
    """What happened in a case. Raises ``Unprocessable``."""
    return NoteOrder(
        case_id=case_id,
        kind=fields.choice("kind", "种类", NOTE_NAMES),
        reason=fields.words("reason", "内容"),
        noted_on=fields.maybe(fields.day, "on", "日期"),
        until=fields.maybe(fields.day, "until", "评审止日"),
        amount=fields.maybe(fields.fen, "amount", "拟罚款额"),
        document_no=fields.maybe(fields.words, "document", "文号"),
    )


def finding_order(case_id: str, fields: FormFields) -> FindingOrder:
    """What was found, with its claims. Raises ``Unprocessable``."""
    return FindingOrder(
        case_id=case_id,
        what=fields.words("what", "认定事实"),
        clause=fields.words("clause", "违反条款"),
        began_on=fields.day("began", "违规起日"),
        ended_on=fields.day("ended", "违规止日"),
        amount=fields.maybe(fields.fen, "amount", "账本外金额"),
        claims=_claims(fields),
        leads=fields.ids("leads", "疑点"),
        harm=fields.given("harm"),
        document_no=fields.maybe(fields.words, "document", "文号"),
    )


def _claims(fields: FormFields) -> tuple[FindingClaim, ...]:
    """Rows of the form: a claim with an amount or to be reversed; rows with neither are left out."""
    found = []
    for place in range(MOST_CLAIMS):
        amount, reverse = fields.raw(f"amount_{place}"), fields.given(f"reverse_{place}")
        if not amount and not reverse:
            continue
        claim_id = fields.id(f"claim_{place}", f"结算单第{place + 1}行")
        if reverse:
            if amount:
                trouble = FieldTrouble(claim_id, "整单冲销不另写金额", "an amount, or reversed: one of both")
                raise Unprocessable(trouble)
            found.append(FindingClaim(claim_id, 0, reverse=True))
            continue
        fen = fen_of(amount, f"{claim_id} 的金额")
        if fen <= 0:
            raise Unprocessable(FieldTrouble(claim_id, "金额须大于 0", "more than 0 is wanted"))
        borne_by = fields.raw(f"borne_{place}") or "hospital"
        part = fields.raw(f"part_{place}") or None
        if borne_by not in get_args(BorneBy) or part not in (None, *AUDIT_PARTS):
            raise Unprocessable(FieldTrouble(claim_id, "承担方或费用部分不可用", "no such bearer or part"))
        found.append(FindingClaim(claim_id, fen, cast("Any", borne_by), cast("Any", part)))
    return tuple(found)


def measure_order(case_id: str, fields: FormFields) -> MeasureOrder:
    """A measure that is meant. Raises ``Unprocessable``."""
    return MeasureOrder(
        case_id=case_id,
        kind=fields.choice("kind", "种类", MEASURE_NAMES),
        basis=fields.words("basis", "依据条款"),
        document_no=fields.words("document", "文号"),
        reason=fields.words("reason", "理由"),
        amount=fields.maybe(fields.fen, "amount", "金额"),
        from_on=fields.maybe(fields.day, "from", "起日"),
        until=fields.maybe(fields.day, "until", "止日"),
        finding_id=fields.maybe(fields.id, "finding", "所依认定"),
        of_measure=fields.maybe(fields.id, "of", "所解除或替换的措施"),
    )


def inspection_order(fields: FormFields) -> InspectionOrder:
    """An inspection of some institutions. Raises ``Unprocessable``."""
    return InspectionOrder(
        region=fields.region("region", "办案统筹区"),
        hospitals=fields.ids("hospitals", "医疗机构"),
        institution_kind=fields.choice("institution", "机构种类", INSTITUTIONS),
        kind=fields.choice("kind", "检查种类", INSPECTION_KIND_NAMES),
        officers=fields.ids("officers", "检查人员"),
        result=fields.choice("result", "结果", RESULT_NAMES),
        document_no=fields.words("document", "文号"),
        reason=fields.words("reason", "检查情况"),
        inspected_on=fields.maybe(fields.day, "on", "检查日期"),
    )


def blacklist_order(fields: FormFields) -> BlacklistOrder:
    """Who is to be entered. Raises ``Unprocessable``."""
    effects = fields.all("effect")
    if not effects or any(each not in EFFECT_NAMES for each in effects):
        raise Unprocessable(FieldTrouble("后果", "至少选一项", "tick one or more effects"))
    return BlacklistOrder(
        case_id=fields.id("case", "依据案件"),
        effects=tuple(effects),
        basis=fields.words("basis", "后果的依据"),
        document_no=fields.words("document", "文号"),
        reason=fields.words("reason", "理由"),
        from_on=fields.day("from", "起日"),
        until=fields.day("until", "止日"),
        subject_kind=fields.maybe(_subject_kind(fields), "kind", "对象种类"),
        subject_id=fields.maybe(fields.id, "subject", "对象编号"),
    )


def _subject_kind(fields: FormFields) -> Any:
    return lambda name, chinese: fields.choice(name, chinese, SUBJECT_NAMES)
