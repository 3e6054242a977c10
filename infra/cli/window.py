"""``claims window``: a bill that an insured person paid elsewhere and brought on paper, tried first, then submitted."""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from events.catalog import BUREAU
from events.money import parse_yuan, yuan
from events.refusals import REASON_NAMES
from infra.cli.arguments import actor_of, amount_of, day_of, id_of, region_of, unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stdout, table
from infra.cli.session import ledger_servers, migrate_and_learn, require_ledger, run
from infra.cli.usage import file_trouble
from infra.operations.ledger_access import own_access
from infra.operations.window import bill_event, invoice_of, submit_bill
from infra.postgres.engine import connect
from infra.settings import Settings
from processors.law.terms import LAYER_NAMES, SETTING_NAMES
from processors.person.quote import Quotes

_PARTS = ("total", "in_scope", "upfront_copay", "over_limit", "self_funded")

Region = Annotated[str, typer.Option("--region", help="经办统筹区 the bureau's region, GB/T 2260 code")]
Person = Annotated[str, typer.Option("--person", help="参保人编号 person_id")]
InvoiceNumber = Annotated[str, typer.Option("--invoice", help="票据代码+票据号码 invoice: code and number")]
Papers = Annotated[list[Path], typer.Option("--paper", help="材料扫描件，可重复 a scanned paper; again for each")]
HospitalCode = Annotated[str, typer.Option("--hospital", help="医疗机构编号 hospital_id")]
SettingName = Annotated[str, typer.Option("--setting", help="inpatient 住院、chronic 门诊慢特病、general、pharmacy")]
DayText = Annotated[str, typer.Option("--on", help="出院或就诊日期 day of discharge or visit")]
AdmittedText = Annotated[str | None, typer.Option("--admitted", help="入院日期 day of admission, of a stay")]
Total = Annotated[str, typer.Option("--total", help="医疗费总额，元 total, yuan")]
InScope = Annotated[str, typer.Option("--in-scope", help="符合政策范围，元 in scope, yuan")]
UpfrontCopay = Annotated[str, typer.Option("--upfront-copay", help="先行自付，元 yuan")]
OverLimit = Annotated[str, typer.Option("--over-limit", help="超限价，元 yuan")]
SelfFunded = Annotated[str, typer.Option("--self-funded", help="全自费，元 yuan")]
HospitalName = Annotated[str | None, typer.Option("--hospital-name", help="未登记医院的名称 of one not registered")]
HospitalTier = Annotated[
    int | None, typer.Option("--tier", min=0, max=3, help="未登记医院的等级 of one not registered")
]
HospitalRegion = Annotated[str | None, typer.Option("--hospital-region", help="未登记医院所在地 of one not registered")]
DiseaseCode = Annotated[str | None, typer.Option("--disease", help="病种代码 disease code of the scheme")]
Late = Annotated[bool, typer.Option("--late", help="晚期 at its late stage")]
Filed = Annotated[
    bool, typer.Option("--filed", help="已异地备案（备案登记簿之外） filed, beside what the register says")
]
ReferredFrom = Annotated[str | None, typer.Option("--referred-from", help="转出医院的入院登记号 admission_id")]
Prescriber = Annotated[str | None, typer.Option("--prescribed-by", help="开方医院编号 hospital_id that prescribed")]
Emergency = Annotated[bool, typer.Option("--emergency", help="急诊 an emergency")]
StayKindCode = Annotated[str | None, typer.Option("--stay-kind", help="住院类型代码 kind of stay")]
ClaimNumber = Annotated[str | None, typer.Option("--claim", help="结算单号，默认由票据号生成 claim_id")]
Yes = Annotated[bool, typer.Option("--yes", help="试算后直接提交 submit it without asking")]
ActorOption = Annotated[str, typer.Option("--actor", help="经办人编号，提交时必填 id of who submits")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(window)


def window(
    region: Region,
    person: Person,
    invoice: InvoiceNumber,
    papers: Papers,
    hospital: HospitalCode,
    on: DayText,
    total: Total,
    in_scope: InScope,
    setting: SettingName = "inpatient",
    admitted: AdmittedText = None,
    upfront_copay: UpfrontCopay = "0",
    over_limit: OverLimit = "0",
    self_funded: SelfFunded = "0",
    hospital_name: HospitalName = None,
    tier: HospitalTier = None,
    hospital_region: HospitalRegion = None,
    disease: DiseaseCode = None,
    late: Late = False,
    filed: Filed = False,
    referred_from: ReferredFrom = None,
    prescribed_by: Prescriber = None,
    emergency: Emergency = False,
    stay_kind: StayKindCode = None,
    claim: ClaimNumber = None,
    yes: Yes = False,
    actor: ActorOption = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """窗口手工报销：先试算，确认后提交。A bill on paper: what it would be paid, then its submission."""
    number = invoice_of(invoice)
    amounts = (total, in_scope, upfront_copay, over_limit, self_funded)
    stated = {
        "claim_id": id_of(claim or f"W{region_of(region)}-{number}", "--claim"),
        "person_id": id_of(person, "--person"),
        "invoice": number,
        "papers": [digest_of(path) for path in papers],
        "hospital_id": id_of(hospital, "--hospital"),
        "hospital_name": hospital_name,
        "hospital_tier": tier,
        "hospital_region": hospital_region and region_of(hospital_region, "--hospital-region"),
        "setting": _setting(setting),
        "admitted_on": admitted and day_of(admitted, "--admitted").isoformat(),
        "served_on": day_of(on, "--on").isoformat(),
        "bill": {part: yuan(amount_of(amount)) for part, amount in zip(_PARTS, amounts, strict=True)},
        "disease": disease,
        "stage": "late" if late else None,
        "filed": filed or None,
        "referred_from": referred_from,
        "prescribed_by": prescribed_by,
        "emergency": emergency or None,
        "stay_kind": stay_kind,
    }
    if yes:
        actor_of(actor)
    event = bill_event(f"{BUREAU}/{region}", actor, stated)
    sys.exit(run(lambda: _work(settings_of(data_dir), event, yes=yes, actor=actor, json=json)))


def digest_of(paper: Path) -> str:
    """sha256 of a scanned paper, hex; the paper itself does not leave the window."""
    try:
        with paper.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise typer.BadParameter(file_trouble(error), param_hint="--paper") from None


def _setting(text: str) -> str:
    if text not in SETTING_NAMES:
        allowed = "、".join(f"{code} {name}" for code, name in SETTING_NAMES.items())
        raise unusable(f"没有就医类型“{text}”，可用的有 {allowed}", "No such setting", "--setting")
    return text


async def _work(settings: Settings, event: Mapping[str, Any], *, yes: bool, actor: str, json: bool) -> int:
    """Try it, ask, submit it; returns the exit code."""
    require_ledger(settings)
    async with ledger_servers(settings, "window", nats=True) as endpoints:
        await migrate_and_learn(endpoints.database_url)
        engine = connect(endpoints.database_url)
        try:
            reply = await Quotes(engine).quote(None, orjson.dumps(event))
        finally:
            await engine.dispose()
        _print("trial", reply, json=json)
        if "refused" in reply:
            return 1
        if not yes and not _agreed(actor, json=json):
            return 0
        async with own_access(endpoints, settings) as access:
            done = await submit_bill(access, event)
    if done.statement is None and done.refusal is None:
        fail(
            "已受理，尚未结算完毕，请稍后查看 claims statements accepted, and not settled yet: see `claims statements`"
        )
        return 1
    refusal = done.refusal and {name: done.refusal[name] for name in ("reason", "detail", "detail_zh")}
    _print("submitted", {"refused": refusal} if refusal else {"statement": done.statement}, json=json)
    return 1 if refusal else 0


def _agreed(actor: str, *, json: bool) -> bool:
    if json or not sys.stdin.isatty():
        return False
    if not actor:
        note("仅试算；提交时加 --actor 经办人编号 tried only: give --actor to submit it")
        return False
    return typer.confirm("提交？Submit it?", default=False, err=True)


def _print(step: str, reply: Mapping[str, Any], *, json: bool) -> None:
    statement, refused = reply.get("statement"), reply.get("refused")
    if json:
        due = {"due_to_person": _due(statement["layers"])} if statement else {}
        print_json([{"step": step, **reply, **due}])
    elif refused:
        reason = f"{REASON_NAMES[refused['reason']]} {refused['reason']}"
        fail(f"不能报销 refused, {reason}：{refused['detail_zh']}。{refused['detail']}")
    elif statement:
        title = "手工报销试算，未入账 Trial, nothing booked" if step == "trial" else "手工报销已结算 Settled"
        table(title, ("项目 item", "内容，金额为元 amounts in yuan"), _rows(statement), right=(1,))
        if step == "submitted":
            stdout.print("本人待付款，随清算支付 paid to the person with the month's clearing", highlight=False)


def _rows(statement: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("结算单 claim", statement["claim_id"]),
        ("参保人 person", statement["person_id"]),
        ("就医 treatment", f"{SETTING_NAMES[statement['setting']]} {statement['date']}"),
        ("医疗费总额 total", statement["total"]),
        *((f"{LAYER_NAMES[each['layer']]} {each['layer']}", each["paid"]) for each in statement["layers"]),
        ("个人负担 patient share", statement["patient_share"]),
        ("医院承担 hospital share", statement["hospital_share"]),
        ("应付本人 due to the person", _due(statement["layers"])),
    ]


def _due(layers: Sequence[Mapping[str, str]]) -> str:
    return yuan(sum(parse_yuan(each["paid"]) for each in layers))
