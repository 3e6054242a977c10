"""The form of a bill on paper: what was typed, read all at once, with what is wrong by field."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request
from starlette.datastructures import UploadFile as FormUpload

from events.codes import STAY_KIND_NAMES
from events.money import yuan
from events.refusals import REASON_NAMES
from infra.console.errors import Unprocessable
from infra.console.form_fields import FormFields
from infra.operations.window import invoice_of
from processors.law.terms import SETTING_NAMES

FIELD_NAMES: Mapping[str, str] = {
    "region": "经办统筹区",
    "person_id": "参保人",
    "invoice": "票据号",
    "papers": "材料扫描件",
    "hospital_id": "医疗机构编号",
    "hospital_name": "医院名称",
    "hospital_tier": "医院等级",
    "hospital_region": "医院所在地",
    "setting": "就医类型",
    "admitted_on": "入院日期",
    "served_on": "出院或就诊日期",
    "total": "医疗费总额",
    "in_scope": "政策范围内",
    "upfront_copay": "先行自付",
    "over_limit": "超限价",
    "self_funded": "全自费",
    "disease": "病种代码",
    "referred_from": "转出的入院登记号",
    "prescribed_by": "开方医院",
    "stay_kind": "住院类型",
    "claim_id": "结算单号",
}
PARTS = ("total", "in_scope", "upfront_copay", "over_limit", "self_funded")
TIER_NAMES = {"3": "三级", "2": "二级", "1": "一级", "0": "乡镇卫生院"}
MOST_PAPERS = 50
PART_BYTES = 1024 * 1024
_FIELD_OF_REASON: Mapping[str, str] = {
    "duplicate_invoice": "invoice",
    "duplicate_claim": "claim_id",
    "bill_does_not_add_up": "total",
    "date_in_future": "served_on",
    "date_order": "admitted_on",
    "already_claimed": "served_on",
    "unknown_hospital": "hospital_name",
    "hospital_not_designated": "hospital_id",
    "not_enrolled": "person_id",
    "person_mismatch": "referred_from",
    "unknown_referral": "referred_from",
    "unknown_admission": "referred_from",
    "unknown_disease": "disease",
    "chronic_card_missing": "disease",
    "no_policy": "served_on",
    "source_not_allowed": "region",
}
_DIGEST = re.compile(r"[0-9a-f]{64}")
Value = TypeVar("Value")


@dataclass(slots=True)
class BillForm:
    """What was typed, as it was typed, and what is wrong with it by the field's name; ``""`` is the bill as a whole.

    ``papers`` are the sha256 of the scans that were read, hex: the scans themselves are kept nowhere.
    """

    fields: FormFields
    papers: list[str]
    wrong: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """What was typed."""
        return self.fields.raw(name)

    def refused(self, refusal: Mapping[str, str]) -> None:
        """Put the ledger's refusal to its field."""
        reason, detail = refusal["reason"], refusal["detail"]
        named = next((name for name in FIELD_NAMES if re.search(rf"\b{name}\b", detail)), "")
        place = _FIELD_OF_REASON.get(reason, named if reason == "malformed" else "")
        self.wrong[place] = f"{REASON_NAMES.get(reason, reason)}：{_named(refusal['detail_zh'])}"  # type: ignore[call-overload]

    def _read(self, read: Callable[..., Value], name: str, *more: Any) -> Value | None:
        try:
            return read(name, FIELD_NAMES[name], *more)
        except Unprocessable as error:
            self.wrong[name] = "；".join(trouble.chinese for trouble in error.troubles)
            return None

    def _maybe(self, read: Callable[..., Value], name: str, *more: Any) -> Value | None:
        return self._read(read, name, *more) if self.fields.given(name) else None

    def stated(self) -> dict[str, Any]:
        """The bill as its event states it; where anything is ``wrong`` it is of no use."""
        fields = self.fields
        region, number = self._read(fields.region, "region"), invoice_of(fields.raw("invoice"))
        if not number:
            self.wrong["invoice"] = "须填写票据代码和票据号码"
        if not 1 <= len(self.papers) <= MOST_PAPERS:
            self.wrong["papers"] = f"请选择材料扫描件，1至{MOST_PAPERS}份"
        amounts = {part: self._read(fields.fen, part) if fields.given(part) else self._nothing(part) for part in PARTS}
        parts = [amounts[part] or 0 for part in PARTS[1:]]
        if not set(PARTS) & self.wrong.keys() and sum(parts) != amounts["total"]:
            self.wrong["total"] = f"四项之和为 {yuan(sum(parts))} 元，不等于总额"
        admitted, served = self._maybe(fields.day, "admitted_on"), self._read(fields.day, "served_on")
        setting = self._read(fields.choice, "setting", SETTING_NAMES)
        if setting == "inpatient" and not fields.given("admitted_on"):
            self.wrong["admitted_on"] = "住院须填写入院日期"
        elif setting not in (None, "inpatient") and fields.given("admitted_on"):
            self.wrong["admitted_on"] = "只有住院填写入院日期"
        tier = self._maybe(fields.choice, "hospital_tier", TIER_NAMES)
        return {
            "claim_id": self._maybe(fields.id, "claim_id") or f"W{region}-{number}",
            "person_id": self._read(fields.id, "person_id"),
            "invoice": number,
            "papers": self.papers,
            "hospital_id": self._read(fields.id, "hospital_id"),
            "hospital_name": self._maybe(fields.words, "hospital_name"),
            "hospital_tier": None if tier is None else int(tier),
            "hospital_region": self._maybe(fields.region, "hospital_region"),
            "setting": setting,
            "admitted_on": admitted and admitted.isoformat(),
            "served_on": served and served.isoformat(),
            "bill": {part: yuan(amount or 0) for part, amount in amounts.items()},
            "disease": self._maybe(fields.id, "disease"),
            "stage": "late" if fields.given("late") else None,
            "filed": fields.given("filed") or None,
            "referred_from": self._maybe(fields.id, "referred_from"),
            "prescribed_by": self._maybe(fields.id, "prescribed_by"),
            "emergency": fields.given("emergency") or None,
            "stay_kind": self._maybe(fields.choice, "stay_kind", STAY_KIND_NAMES),
        }

    def _nothing(self, part: str) -> int:
        if part in ("total", "in_scope"):
            self.wrong[part] = "须填写，没有的写 0"
        return 0


def _named(detail: str) -> str:
    """A refusal's words with the names that the form has."""
    for name, chinese in FIELD_NAMES.items():
        detail = re.sub(rf"\b(data\.)?(bill\.)?{name}\b", f"“{chinese}”", detail, flags=re.ASCII)
    return detail


async def bill_form(request: Request) -> BillForm:
    """What a request has typed; of uploaded papers nothing is kept but their digests."""
    form = await request.form()
    uploads = [each for each in form.getlist("papers") if isinstance(each, FormUpload)]
    digests = [await _digest(each) for each in uploads if each.filename]
    fields = await FormFields.of(request)
    for each in uploads:
        await each.close()
    read_before = [each for each in fields.all("digest") if _DIGEST.fullmatch(each)]
    return BillForm(fields, list(dict.fromkeys([*read_before, *digests])))


async def _digest(paper: FormUpload) -> str:
    digest = hashlib.sha256()
    while part := await paper.read(PART_BYTES):
        await asyncio.to_thread(digest.update, part)
    return digest.hexdigest()


def empty_form(region: str, person_id: str) -> BillForm:
    """The form before anything was typed; ``person_id`` where it is known whose bill it is, else empty."""
    return BillForm(FormFields({"region": [region], "person_id": [person_id], "setting": ["inpatient"]}), [])
