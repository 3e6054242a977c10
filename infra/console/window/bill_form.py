"""The form of a bill on paper, with the digests of its scanned papers."""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile as FormUpload

from events.codes import STAY_KIND_NAMES
from infra.console.form_fields import FormFields
from infra.console.window.form import PART_NAMES, WindowForm
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
    **PART_NAMES,
    "disease": "病种代码",
    "referred_from": "转出的入院登记号",
    "prescribed_by": "开方医院",
    "stay_kind": "住院类型",
    "claim_id": "结算单号",
}
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


@dataclass(slots=True)
class BillForm(WindowForm):
    """A bill on paper. ``papers`` are the sha256 of the scans that were read, hex: the scans are kept nowhere."""

    names = FIELD_NAMES
    field_of_reason = _FIELD_OF_REASON

    papers: list[str]

    def stated(self) -> dict[str, Any]:
        """The bill as its event states it; where anything is ``wrong`` it is of no use."""
        fields = self.fields
        region, number = self.read(fields.region, "region"), invoice_of(fields.raw("invoice"))
        if not number:
            self.wrong["invoice"] = "须填写票据代码和票据号码"
        if not 1 <= len(self.papers) <= MOST_PAPERS:
            self.wrong["papers"] = f"请选择材料扫描件，1至{MOST_PAPERS}份"
        bill = self.amounts()
        admitted, served = self.maybe(fields.day, "admitted_on"), self.read(fields.day, "served_on")
        setting = self.read(fields.choice, "setting", SETTING_NAMES)
        if setting == "inpatient" and not fields.given("admitted_on"):
            self.wrong["admitted_on"] = "住院须填写入院日期"
        elif setting not in (None, "inpatient") and fields.given("admitted_on"):
            self.wrong["admitted_on"] = "只有住院填写入院日期"
        tier = self.maybe(fields.choice, "hospital_tier", TIER_NAMES)
        return {
            "claim_id": self.maybe(fields.id, "claim_id") or f"W{region}-{number}",
            "person_id": self.read(fields.id, "person_id"),
            "invoice": number,
            "papers": self.papers,
            "hospital_id": self.read(fields.id, "hospital_id"),
            "hospital_name": self.maybe(fields.words, "hospital_name"),
            "hospital_tier": None if tier is None else int(tier),
            "hospital_region": self.maybe(fields.region, "hospital_region"),
            "setting": setting,
            "admitted_on": admitted and admitted.isoformat(),
            "served_on": served and served.isoformat(),
            "bill": bill,
            "disease": self.maybe(fields.id, "disease"),
            "stage": "late" if fields.given("late") else None,
            "filed": fields.given("filed") or None,
            "referred_from": self.maybe(fields.id, "referred_from"),
            "prescribed_by": self.maybe(fields.id, "prescribed_by"),
            "emergency": fields.given("emergency") or None,
            "stay_kind": self.maybe(fields.choice, "stay_kind", STAY_KIND_NAMES),
        }


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
