"""What migrations 0009 and 0010 brought, in the ledger of make_dump.py: a fine replaced, the gateway's books."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

from dump_offices import opened  # type: ignore[import-not-found] # beside this script
from dump_program import settle, today, typed  # type: ignore[import-not-found] # beside this script

from infra.embedded.postgres import PostgresServer
from tests import facts

HOSPITALS = ("H1near", "H3near")
PATIENT, PATIENTS = "P-national", ("P-national", "P-other")
CHRONIC = {"med_type": "14", "dise_codg": "M03900"}
_LISTED = """\
目录编码,名称,种类,等级,先行自付比例,限价,收费类别,生效日期
XA01,药品甲,药品,甲类,,,西药,2019-01-01
XA02,药品乙,药品,乙类,10%,30,西药,2019-01-01
XA02,药品乙,药品,乙类,20%,25,西药,2019-05-01
"""
_NAMED = "参保人编号,姓名,身份证号\nP-national,测甲,99999919900101018X\nP-other,测乙,999999199001010016\n"


def replace_fine(data: Path) -> None:
    """A fine that another decision puts in the place of an earlier one."""
    why = "--basis 条例第三十八条 --reason 陈述申辩 --actor chen"
    case = opened(data, "H-clinic", "report")
    found = "--what 串换 --clause 条例第三十八条 --from 2019-02-01 --until 2019-02-28 --amount 300 --actor chen"
    typed(data, f"cases finding {case} {found}")
    typed(data, f"cases note {case} --kind notice --amount 900 --on {today():%Y-%m-%d} --actor chen --reason 告知")
    replaced = ""
    for document, amount in (("罚8号", "900"), ("罚9号", "600")):
        fine = typed(data, f"cases measure {case} fine --amount {amount} --document {document} {replaced} {why}")
        typed(data, f"cases propose {case} --document {document} --actor chen --reason 事实清楚")
        decided = f"--document {document} --actor zhou --reason 同意 --on {today():%Y-%m-%d}"
        typed(data, f"cases decide {case} {decided}")
        replaced = f"--of {fine[0]['measure_id']}"


def keep_books(data: Path) -> None:
    """The medical catalogue and the persons' register."""
    os.environ["CLAIMS_PERSONS_KEY"] = str(data.parent / "persons.key")
    settle(
        data, [told for person in PATIENTS for told in (facts.enrol(person), facts.card(person, "hypertension", "II"))]
    )
    catalogue, persons = data.parent / "catalogue.csv", data.parent / "named.csv"
    catalogue.write_text(_LISTED, encoding="utf-8")
    persons.write_text(_NAMED, encoding="utf-8")
    typed(data, f"catalogue import {catalogue} --actor wang")
    typed(data, "persons new-key")
    typed(data, f"persons import {persons} --actor wang")


async def speak(data: Path) -> None:
    """Stays and visits in every state, told over HTTP; a hospital's settings changed, ended."""
    from processors.visits.hospital_settings import HospitalSettings
    from processors.visits.hospital_steps import change_hospital, end_hospital
    from tests.gateway.harness import running_gateway
    from tests.gateway.national.his import His

    server = PostgresServer(data / "postgres")
    try:
        spoken_for = [HospitalSettings(hospital_id) for hospital_id in HOSPITALS]
        async with running_gateway(await server.start(), data, spoken_for, []) as gateway:

            async def post(envelope: dict[str, Any]) -> dict[str, Any]:
                answer: dict[str, Any] = json.loads(
                    await gateway.post(json.dumps(envelope).encode()), parse_float=Decimal
                )
                return answer

            await _treat(His(post, PATIENT, HOSPITALS[0]))
            last = HOSPITALS[1]
            changed = HospitalSettings(last, codes={"med_type": {"2101": "inpatient"}}, infcode_text=True)
            await change_hospital(gateway.engine, gateway.keys, last, lambda _: changed, "wang")
            await end_hospital(gateway.engine, gateway.keys, last, "wang")
    finally:
        await server.stop()


async def _treat(his: Any) -> None:
    from tests.gateway.national.his import CallRefused, line

    lines = [line("1", "9000.00"), line("2", "40.00", med_list_codg="XA02", cnt=1, preselfpay_amt="4.00")]
    refund = line("3", "-10.00", med_list_codg="XA02", cnt="-0.25", pric="40.00", init_feedetl_sn="2")
    standing = await his.stay(lines)
    await his.upload(standing, [refund])
    await his.settle(standing, "9030.00")
    reversed_ = await his.stay(lines, "P-other")
    told = await his.settle(reversed_, "9040.00", "P-other")
    await his.take_back(told)
    await his.settle(reversed_, "9040.00", "P-other")
    await his.withdraw("2304", "P-other")
    await his.admit("P-other", on="2019-06-01 08:00:00")
    await his.withdraw("2401", "P-other")
    staying = await his.admit(on="2019-07-01 08:00:00")
    await his.upload(staying, lines)
    try:
        await his.settle(staying, "1.00")
    except CallRefused:
        pass
    else:
        raise AssertionError("a wrong sum was settled")
    visit = await his.register()
    await his.describe(visit, **CHRONIC)
    for batch, number in (("B1", "11"), ("B2", "12")):
        await his.upload_batch(visit, batch, [line(number, "80.00")])
        told = await his.settle_batch(visit, batch, "80.00", "14")
    await his.take_back(told, "2208")
    await his.upload_batch(visit, "B3", [line("13", "80.00")])
