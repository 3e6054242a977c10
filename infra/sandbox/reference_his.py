"""A hospital's program as the interface wants it: what the certification calls the gateway with."""

import itertools
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from events.county_time import COUNTY_TIME
from infra.sandbox.county import REGION

PATH = "/fsi/api/rsfComIfsService/callService"
WAITS_S = 25.0
"""How long it waits for an answer: longer than the gateway takes at most."""
_SERIALS = itertools.count(secrets.randbelow(10_000))
_HYPERTENSION = "M03900"


class CallFailed(Exception):
    """The gateway answered with an infcode other than 0."""

    def __init__(self, infno: str, infcode: int, message: str) -> None:
        super().__init__(f"{infno} infcode {infcode}: {message}")
        self.infcode = infcode
        self.message = message


@dataclass(eq=False)
class ReferenceHis:
    """One institution's program over HTTP; ``sent`` is the last envelope of each infno."""

    client: httpx.AsyncClient
    url: str
    code: str
    today: date
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def post(self, envelope: Mapping[str, Any]) -> bytes:
        """The bytes that an envelope is answered with."""
        body = json.dumps(envelope, ensure_ascii=False).encode()
        headers = {"content-type": "application/json"}
        answer = await self.client.post(self.url + PATH, content=body, headers=headers, timeout=WAITS_S)
        answer.raise_for_status()
        return answer.content

    async def call(self, infno: str, given: Mapping[str, Any], msgid: str | None = None) -> Any:
        """The output of a transaction. Raises ``CallFailed``."""
        envelope = self.envelope(infno, given, msgid)
        self.sent[infno] = envelope
        return output_of(infno, await self.post(envelope))

    def envelope(self, infno: str, given: Mapping[str, Any], msgid: str | None = None) -> dict[str, Any]:
        """A request as the interface has it, with a msgid of its own where none is given."""
        now = datetime.now(COUNTY_TIME)
        return {
            "infno": infno,
            "msgid": msgid or self.new_msgid(),
            "mdtrtarea_admvs": REGION,
            "insuplc_admdvs": REGION,
            "recer_sys_code": "FSI_LOCAL",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": "D001",
            "opter_name": "联调",
            "inf_time": f"{now:%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": self.code,
            "fixmedins_name": "联调机构",
            "input": dict(given),
        }

    def new_msgid(self) -> str:
        """The institution, the second, and four digits that no other call of this second has."""
        serial = next(_SERIALS) % 10_000
        return f"{self.code}{datetime.now(COUNTY_TIME):%Y%m%d%H%M%S}{serial:04d}"

    def moment(self, days_ago: int) -> str:
        """A time some days ago; of today the first second, which is always past."""
        return f"{self.today - timedelta(days=days_ago)} 00:00:01"

    async def admit(self, psn_no: str) -> str:
        """2401; returns 就诊ID."""
        node = {
            "psn_no": psn_no,
            "insutype": "390",
            "begntime": self.moment(4),
            "mdtrt_cert_type": "02",
            "med_type": "21",
            "ipt_no": f"Z{self.new_msgid()[-8:]}",
            "atddr_no": "D001",
            "chfpdr_name": "医师",
            "adm_diag_dscr": "脑梗死",
            "adm_dept_codg": "A01",
            "adm_dept_name": "内科",
            "dscg_maindiag_code": "I63.900",
            "dscg_maindiag_name": "脑梗死",
        }
        output = await self.call("2401", {"mdtrtinfo": node, "diseinfo": [self.diagnosis(psn_no)]})
        return str(output["result"]["mdtrt_id"])

    async def upload(self, mdtrt_id: str, psn_no: str, lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """2301."""
        nodes = [{"mdtrt_id": mdtrt_id, "psn_no": psn_no, "med_type": "21", **line} for line in lines]
        return list((await self.call("2301", {"feedetail": nodes}))["result"])

    async def discharge(self, mdtrt_id: str, psn_no: str) -> None:
        """2402, today."""
        node = {"mdtrt_id": mdtrt_id, "psn_no": psn_no, "insutype": "390", "endtime": self.moment(0), "dscg_way": "1"}
        await self.call("2402", {"dscginfo": node, "diseinfo": [self.diagnosis(psn_no)]})

    async def stay(self, psn_no: str, amount: str) -> str:
        """A stay of one line from admission to discharge; returns 就诊ID."""
        mdtrt_id = await self.admit(psn_no)
        await self.upload(mdtrt_id, psn_no, [self.line("1", "MNZL0007", amount)])
        await self.discharge(mdtrt_id, psn_no)
        return mdtrt_id

    async def register(self, psn_no: str) -> str:
        """2201, today; returns 就诊ID."""
        node = {
            "psn_no": psn_no,
            "insutype": "390",
            "begntime": self.moment(0),
            "mdtrt_cert_type": "02",
            "ipt_otp_no": f"M{self.new_msgid()[-8:]}",
            "atddr_no": "D001",
            "dr_name": "医师",
            "dept_code": "A01",
            "dept_name": "内科",
            "caty": "A03",
        }
        return str((await self.call("2201", {"data": node}))["data"]["mdtrt_id"])

    async def describe(self, mdtrt_id: str, psn_no: str, med_type: str) -> None:
        """2203A, of a chronic visit with its disease."""
        node = {"mdtrt_id": mdtrt_id, "psn_no": psn_no, "med_type": med_type, "begntime": self.moment(0)}
        if med_type == "14":
            node["dise_codg"] = _HYPERTENSION
        await self.call("2203A", {"mdtrtinfo": node, "diseinfo": [self.diagnosis(None, "I10")]})

    async def upload_batch(self, mdtrt_id: str, psn_no: str, batch: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """2204."""
        nodes = [{"mdtrt_id": mdtrt_id, "psn_no": psn_no, "chrg_bchno": batch, **line} for line in lines]
        await self.call("2204", {"feedetail": nodes})

    def line(self, number: str, item: str, amount: str, **more: Any) -> dict[str, Any]:
        """One of feedetail, of one unit."""
        return {
            "feedetl_sn": number,
            "fee_ocur_time": self.moment(0),
            "med_list_codg": item,
            "medins_list_codg": item,
            "det_item_fee_sumamt": amount,
            "cnt": 1,
            "pric": amount,
            "bilg_dept_codg": "A01",
            "bilg_dept_name": "内科",
            "bilg_dr_codg": "D001",
            "bilg_dr_name": "医师",
            **more,
        }

    def diagnosis(self, psn_no: str | None, code: str = "I63.900") -> dict[str, Any]:
        """One of diseinfo."""
        return {
            "psn_no": psn_no,
            "diag_type": "1",
            "maindiag_flag": "1",
            "diag_srt_no": 1,
            "diag_code": code,
            "diag_name": "诊断",
            "diag_dept": "内科",
            "dise_dor_no": "D001",
            "dise_dor_name": "医师",
            "diag_time": self.moment(0),
        }


def settlement(psn_no: str, total: str, **more: Any) -> dict[str, Any]:
    """``data`` of 2303, 2304, 2206 and 2207, ``druginfo`` of 2101 and 2102."""
    return {
        "psn_no": psn_no,
        "mdtrt_cert_type": "02",
        "medfee_sumamt": total,
        "psn_setlway": "01",
        "acct_used_flag": "0",
        "insutype": "390",
        "mid_setl_flag": "0",
        **more,
    }


def output_of(infno: str, answer: bytes) -> Any:
    """The output of an answer, amounts as Decimals. Raises ``CallFailed``."""
    document = json.loads(answer, parse_float=Decimal)
    infcode = int(document["infcode"])
    if infcode != 0:
        raise CallFailed(infno, infcode, str(document["err_msg"]))
    return document["output"]
