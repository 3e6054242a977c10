"""What is told of each refusal, in English and in Chinese: a function for each way in which its reason applies.

No text says more of another source's records than that an id can't be used.
"""

from collections.abc import Mapping
from datetime import date

from events.codes import INSURANCE_TYPE_NAMES, RESIDENT
from events.refusals import Refusal


def event_id_reused(source: str, event_id: str) -> Refusal:
    """The id was used for an event that says something else."""
    return Refusal(
        "event_id_reused",
        f"{source} has used the id {event_id} for another event, which stands: send this one under a new id",
        f"{source} 的事件号 {event_id} 已用于另一事件，原事件仍然有效；本事件请换新事件号重发",
    )


def not_own_id(source: str, what: str, what_zh: str) -> Refusal:
    """An id that begins with another hospital's number, or an admission that is another's or reserved for it."""
    return Refusal(
        "source_not_allowed",
        f"{what} can't be used by {source}: begin your ids with your own hospital number",
        f"{source} 不能使用{what_zh}：请以本机构编号开头自行编号",
    )


def duplicate_claim(claim_id: str, *, own: bool) -> Refusal:
    """The claim id is used already."""
    if not own:
        return Refusal(
            "duplicate_claim",
            f"claim_id {claim_id} can't be used: begin your claim ids with your own hospital number",
            f"结算单号 {claim_id} 不能使用：请以本机构编号开头自行编号",
        )
    return Refusal(
        "duplicate_claim",
        f"claim {claim_id} was accepted before: send a new claim_id",
        f"结算单 {claim_id} 已受理：请换新的结算单号",
    )


def duplicate_admission(admission_id: str, *, own: bool) -> Refusal:
    """The admission id is used already."""
    if not own:
        return Refusal(
            "duplicate_admission",
            f"admission_id {admission_id} can't be used: begin your admission ids with your own hospital number",
            f"入院登记号 {admission_id} 不能使用：请以本机构编号开头自行编号",
        )
    return Refusal(
        "duplicate_admission",
        f"admission {admission_id} was recorded before",
        f"入院登记 {admission_id} 已登记过",
    )


def bill_does_not_add_up() -> Refusal:
    """The parts of a bill are not its total."""
    return Refusal(
        "bill_does_not_add_up",
        "data.bill.total is not in_scope + upfront_copay + over_limit + self_funded",
        "医疗费总额 total 不等于 in_scope + upfront_copay + over_limit + self_funded 四项之和",
    )


def date_in_future(field: str, day: date, today: date) -> Refusal:
    """A day that has not come yet in the county."""
    return Refusal(
        "date_in_future",
        f"{field} is {day}, after today, {today} in the county's time: send it when it has happened",
        f"{field} 为 {day}，晚于今天（本地日期 {today}）：请在发生后再报送",
    )


def born_in_future(birth_month: str, today: date) -> Refusal:
    """A month of birth that has not come yet in the county."""
    return Refusal(
        "date_in_future",
        f"data.birth_month is {birth_month}, after today, {today} in the county's time: mend it",
        f"data.birth_month 为 {birth_month}，晚于今天（本地日期 {today}）：请更正",
    )


def already_discharged(admission_id: str, claim_id: str) -> Refusal:
    """A standing claim has the admission."""
    return Refusal(
        "already_discharged",
        f"admission {admission_id} has claim {claim_id}",
        f"入院登记 {admission_id} 已有结算单 {claim_id}",
    )


def discharged_not_cancelled(claim_id: str) -> Refusal:
    """An admission with a standing claim can't be cancelled."""
    return Refusal(
        "already_discharged",
        f"claim {claim_id} stands: reverse it first",
        f"结算单 {claim_id} 仍然有效：请先冲正再撤销入院登记",
    )


def discharged_not_changed(claim_id: str) -> Refusal:
    """An admission with a standing claim can't be changed."""
    return Refusal(
        "already_discharged",
        f"claim {claim_id} stands: reverse it, change the admission, and send the discharge under a new claim_id",
        f"结算单 {claim_id} 仍然有效：请先冲正，再变更入院登记，并以新的结算单号重新报送出院",
    )


def admission_cancelled(admission_id: str) -> Refusal:
    """The admission was cancelled."""
    return Refusal(
        "admission_cancelled",
        f"admission {admission_id} was cancelled",
        f"入院登记 {admission_id} 已撤销：请以新号重新登记",
    )


def person_mismatch(admission_id: str, person_id: str) -> Refusal:
    """The admission is of another person."""
    return Refusal(
        "person_mismatch",
        f"admission {admission_id} is of another person than {person_id}",
        f"入院登记 {admission_id} 的参保人不是 {person_id}",
    )


def date_order(discharged_on: date, admitted_on: date) -> Refusal:
    """A discharge before the admission."""
    return Refusal(
        "date_order",
        f"discharged on {discharged_on}, before admission on {admitted_on}",
        f"出院日期 {discharged_on} 早于入院日期 {admitted_on}",
    )


def unknown_hospital(hospital_id: str) -> Refusal:
    """The hospital was never registered."""
    return Refusal(
        "unknown_hospital",
        f"hospital {hospital_id} is not registered",
        f"医疗机构 {hospital_id} 未登记：请联系医保经办机构",
    )


def not_designated(hospital_id: str, day: date) -> Refusal:
    """The hospital has no designation on the day."""
    return Refusal(
        "hospital_not_designated",
        f"hospital {hospital_id} is not designated on {day}",
        f"医疗机构 {hospital_id} 在 {day} 不是定点医疗机构",
    )


def suspended(hospital_id: str, day: date) -> Refusal:
    """The hospital's agreement is suspended on the day."""
    return Refusal(
        "hospital_not_designated",
        f"hospital {hospital_id} is suspended on {day}",
        f"医疗机构 {hospital_id} 在 {day} 处于暂停（中止）协议期间",
    )


def not_enrolled(person_id: str, year: int) -> Refusal:
    """No enrollment for the year."""
    return Refusal(
        "not_enrolled",
        f"{person_id} is not enrolled for {year}",
        f"参保人 {person_id} 未参加 {year} 年度居民医保",
    )


def not_enrolled_on(person_id: str, day: date) -> Refusal:
    """An enrollment that does not cover the day; since when or until when is the bureau's to tell."""
    return Refusal(
        "not_enrolled",
        f"{person_id} is not enrolled on {day}: ask the bureau",
        f"参保人 {person_id} 在 {day} 不在参保期内：请联系医保经办机构",
    )


def no_scheme(region: str, day: date, insured_as: str) -> Refusal:
    """No county text serves the region's people of that insurance type on the day."""
    who, who_zh = "", "适用"
    if insured_as != RESIDENT:
        named = INSURANCE_TYPE_NAMES.get(insured_as, insured_as)
        who, who_zh = f" for those insured as {insured_as}", f"适用于参保类型{named}"
    return Refusal(
        "no_policy",
        f"no scheme serves region {region} on {day}{who}",
        f"统筹区 {region} 在 {day} 没有{who_zh}的政策",
    )


def no_rule(scheme: str, setting: str, setting_zh: str, tier: int, day: date) -> Refusal:
    """The text has nothing for the setting at that tier."""
    return Refusal(
        "no_policy",
        f"scheme {scheme} has no rule for {setting} at tier {tier} on {day}",
        f"政策 {scheme} 在 {day} 没有 {tier} 级机构{setting_zh}的待遇规定",
    )


def unknown_disease(disease: str, where: str, known: Mapping[str, str]) -> Refusal:
    """A disease that the scheme, or no scheme of a region, knows; ``known`` are the names of those that may be sent."""
    return Refusal(
        "unknown_disease",
        f"disease {disease} is unknown to {where}; known are {', '.join(known)}",
        f"病种 {disease} 未列入 {where}；可用：{_named(known)}",
    )


def not_on_chronic_list(disease: str, scheme: str, known: Mapping[str, str]) -> Refusal:
    """A chronic claim of a disease that the scheme's chronic list does not name on the day."""
    return Refusal(
        "unknown_disease",
        f"disease {disease} is not on the chronic list of {scheme}; it has {', '.join(known)}",
        f"病种 {disease} 未列入 {scheme} 的门诊慢特病目录；目录内：{_named(known)}",
    )


def unknown_category(category: str, where: str, known: Mapping[str, str]) -> Refusal:
    """A category that no scheme of a region knows; ``known`` are the names of those that may be sent."""
    return Refusal(
        "unknown_category",
        f"category {category} is unknown to {where}; known are {', '.join(known)}",
        f"救助对象类别 {category} 未列入 {where}；可用：{_named(known)}",
    )


def _named(known: Mapping[str, str]) -> str:
    return "、".join(f"{name} {code}" for code, name in known.items())


def text_not_in_force(scheme: str, scheme_hash: str) -> Refusal:
    """The text that an order moves claims to is not the one in force."""
    return Refusal(
        "no_policy",
        f"the text {scheme_hash} of scheme {scheme} is not in force: order it anew",
        f"政策 {scheme} 的文本 {scheme_hash} 不是现行文本：请重新下达",
    )


def card_disease_missing() -> Refusal:
    """A chronic claim that names no disease."""
    return Refusal(
        "chronic_card_missing",
        "data.disease is missing: a chronic claim names the disease of its card",
        "缺少 data.disease：门诊慢特病结算须写明慢特病证上的病种",
    )


def no_card(person_id: str, disease: str, day: date) -> Refusal:
    """No card for the disease is valid on the day."""
    return Refusal(
        "chronic_card_missing",
        f"{person_id} has no card for {disease} valid on {day}",
        f"参保人 {person_id} 在 {day} 没有病种 {disease} 的有效慢特病证",
    )


def unknown_claim(claim_id: str) -> Refusal:
    """No such claim was accepted."""
    return Refusal("unknown_claim", f"no claim {claim_id} was accepted", f"结算单 {claim_id} 未曾受理")


def already_reversed(claim_id: str) -> Refusal:
    """The claim stands no longer."""
    return Refusal("already_reversed", f"claim {claim_id} was reversed", f"结算单 {claim_id} 已冲正")


def duplicate_fine(fine_id: str) -> Refusal:
    """The number of the fine is used."""
    return Refusal("duplicate_fine", f"fine {fine_id} was recorded before", f"处罚编号 {fine_id} 已登记过：请换新编号")


def unknown_fine(fine_id: str, hospital_id: str) -> Refusal:
    """What a fine is to take the place of is none that stands on the hospital."""
    return Refusal(
        "unknown_fine",
        f"no fine {fine_id} stands on hospital {hospital_id}: it is another's, was never recorded, or was replaced",
        f"医疗机构 {hospital_id} 没有有效的处罚 {fine_id}：属于他人、从未登记，或已被替换",
    )


def duplicate_advance(region: str, advance_id: str) -> Refusal:
    """The number of the advance has been used in the region."""
    return Refusal(
        "duplicate_advance",
        f"advance {advance_id} of region {region} has been issued before",
        f"统筹区 {region} 的临时救急借款编号 {advance_id} 已使用：请换新编号",
    )


def duplicate_filing(region: str, filing_id: str) -> Refusal:
    """The bureau has used the number of the filing for another person."""
    return Refusal(
        "duplicate_filing",
        f"bureau/{region} has filed {filing_id} for another person: send a new filing_id",
        f"bureau/{region} 的备案编号 {filing_id} 已用于他人：请换新编号",
    )


def unknown_admission(admission_id: str) -> Refusal:
    """No such admission was recorded."""
    return Refusal(
        "unknown_admission", f"admission {admission_id} was never recorded", f"入院登记 {admission_id} 不存在"
    )


def would_wait(admission_id: str) -> Refusal:
    """A trial settlement of a discharge that would wait."""
    return Refusal(
        "unknown_admission",
        f"admission {admission_id} is not known yet: sent now, the discharge would wait for it",
        f"入院登记 {admission_id} 尚未收到：现在报送出院将等待入院登记",
    )


def unknown_referral(referred_from: str, person_id: str) -> Refusal:
    """The admission that a person was referred from is not known."""
    return Refusal(
        "unknown_referral",
        f"{referred_from} is no known admission of {person_id}",
        f"{referred_from} 不是参保人 {person_id} 的已知入院登记",
    )


def reversed_while_waiting(claim_id: str, admission_id: str) -> Refusal:
    """A discharge taken back before its admission came."""
    return Refusal(
        "reversed_while_waiting",
        f"claim {claim_id} was reversed while it waited for admission {admission_id}",
        f"结算单 {claim_id} 在等待入院登记 {admission_id} 期间已冲正",
    )


class NationalIdRefused(Refusal):
    """An event is refused for a national ID in it: nothing of it may be kept that holds the number."""


def national_id(place: str) -> NationalIdRefused:
    """A national ID number stands somewhere in the event."""
    return NationalIdRefused(
        "malformed",
        f"{place} looks like a national ID number, or holds one: the ledger never takes it, give the insured's own "
        "number; what was sent is not kept",
        f"{place} 疑为居民身份证号或含有身份证号，账本一律不收：请用参保人编号；所报内容不留存",
    )


def can_not_be_taken() -> Refusal:
    """An event that makes intake fail."""
    return Refusal(
        "malformed",
        "the event can't be taken in: ask the bureau's administrator",
        "该事件无法受理：请联系医保经办机构的系统管理员",
    )


def nameless_subject() -> Refusal:
    """A NATS subject that names no source."""
    return Refusal(
        "malformed",
        "the subject names no source: letters, digits, - and _",
        "NATS 主题未写明来源：只能用字母、数字、- 和 _",
    )


def no_claim_to_quote(type_: str) -> Refusal:
    """A trial settlement of an event that claims no bill."""
    return Refusal(
        "unknown_type",
        f"{type_} claims no bill: ask about a discharge, an outpatient visit or a bill on paper",
        f"{type_} 不是结算申请：预结算只能询问出院、门诊或手工报销",
    )


def no_open_admission(source: str, person_id: str) -> Refusal:
    """A hospital asks about a person whom it does not treat."""
    return Refusal(
        "source_not_allowed",
        f"{source} has no open admission of {person_id}",
        f"{source} 没有参保人 {person_id} 的在院登记",
    )
