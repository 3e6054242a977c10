"""A hospital's program that speaks the national interface: envelopes, transactions, what a stay and a visit send."""

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

Post = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Sends an envelope, gives the answer."""

_serial = itertools.count(1)
PARTS = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")


class CallRefused(Exception):
    """The gateway answered with an infcode other than 0."""

    def __init__(self, infcode: int, err_msg: str) -> None:
        super().__init__(f"{infcode} {err_msg}")
        self.infcode = infcode
        self.err_msg = err_msg


@dataclass
class His:
    """One hospital's program, which treats one person unless a test says whom; ``sent`` is the last of each kind."""

    post: Post
    psn_no: str
    code: str = "H1"
    region: str = "220621"
    insured_in: str = "220621"
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def envelope(self, infno: str, given: Mapping[str, Any], msgid: str | None = None) -> dict[str, Any]:
        """An envelope as the interface has it; a msgid that was given is used again."""
        msgid = msgid or f"{self.code}{20190506093000 + next(_serial)}"
        return {
            "infno": infno,
            "msgid": msgid,
            "mdtrtarea_admvs": self.region,
            "insuplc_admdvs": self.insured_in,
            "recer_sys_code": "FSI_LOCAL",
            "dev_no": "",
            "dev_safe_info": None,
            "cainfo": "",
            "signtype": "",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": "W01",
            "opter_name": "王芳",
            "inf_time": "2019-05-06 09:30:00",
            "fixmedins_code": self.code,
            "fixmedins_name": f"医院{self.code}",
            "sign_no": None,
            "input": dict(given),
        }

    async def call(self, infno: str, given: Mapping[str, Any], msgid: str | None = None) -> Any:
        """The output of a transaction; raises ``CallRefused``."""
        envelope = self.envelope(infno, given, msgid)
        self.sent[infno] = envelope
        answer = await self.post(envelope)
        if int(answer["infcode"]) != 0:
            raise CallRefused(int(answer["infcode"]), answer["err_msg"])
        return answer.get("output")

    async def again(self, infno: str) -> Any:
        """The same bytes again."""
        envelope = self.sent[infno]
        return await self.call(infno, envelope["input"], envelope["msgid"])

    async def withdraw(self, infno: str, psn_no: str = "") -> Any:
        """冲正 of the last transaction of a kind."""
        given = {"data": {"psn_no": psn_no or self.psn_no, "omsgid": self.sent[infno]["msgid"], "oinfno": infno}}
        return await self.call("2601", given)

    # what a stay sends

    async def admit(self, psn_no: str = "", on: str = "2019-05-01 08:00:00", **more: Any) -> str:
        """2401; returns 就诊ID."""
        psn_no = psn_no or self.psn_no
        node = {
            "psn_no": psn_no,
            "insutype": "390",
            "begntime": on,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": "220621198001010000",
            "med_type": "21",
            "ipt_no": "Z0001",
            "atddr_no": "D1",
            "chfpdr_name": "李医生",
            "adm_diag_dscr": "脑梗死",
            "adm_dept_codg": "A01",
            "adm_dept_name": "内科",
            "adm_bed": "12",
            "dscg_maindiag_code": "I63.900",
            "dscg_maindiag_name": "脑梗死",
            **more,
        }
        output = await self.call("2401", {"mdtrtinfo": node, "diseinfo": [diagnosis("I63.900", psn_no)]})
        return str(output["result"]["mdtrt_id"])

    async def upload(self, mdtrt_id: str, lines: Sequence[Mapping[str, Any]], psn_no: str = "") -> list[Any]:
        """2301."""
        psn_no = psn_no or self.psn_no
        given = [{"mdtrt_id": mdtrt_id, "psn_no": psn_no, "med_type": "21", **line} for line in lines]
        return list((await self.call("2301", {"feedetail": given}))["result"])

    async def discharge(self, mdtrt_id: str, psn_no: str = "", on: str = "2019-05-10 10:00:00", **more: Any) -> None:
        """2402."""
        psn_no = psn_no or self.psn_no
        node = {"mdtrt_id": mdtrt_id, "psn_no": psn_no, "insutype": "390", "endtime": on, "dscg_way": "1", **more}
        await self.call("2402", {"dscginfo": node, "diseinfo": [diagnosis("I63.900", psn_no)]})

    async def settle(self, mdtrt_id: str, total: Any, psn_no: str = "", infno: str = "2304", **more: Any) -> Any:
        """2304, or 2303."""
        return await self.call(infno, {"data": settlement(mdtrt_id, total, psn_no or self.psn_no, **more)})

    async def take_back(self, answer: Mapping[str, Any], infno: str = "2305") -> Any:
        """2305, 2208 or 2103 of what a settlement answered."""
        info = answer["setlinfo"]
        given = {name: info[name] for name in ("mdtrt_id", "setl_id", "psn_no")}
        return await self.call(infno, {"data": given})

    async def stay(self, lines: Sequence[Mapping[str, Any]], psn_no: str = "") -> str:
        """A stay from admission to discharge, to be settled; returns 就诊ID."""
        mdtrt_id = await self.admit(psn_no)
        await self.upload(mdtrt_id, lines, psn_no)
        await self.discharge(mdtrt_id, psn_no)
        return mdtrt_id

    # what a visit sends

    async def register(self, psn_no: str = "", on: str = "2019-05-06 08:30:00") -> str:
        """2201; returns 就诊ID."""
        psn_no = psn_no or self.psn_no
        node = {"psn_no": psn_no, "insutype": "390", "begntime": on, "mdtrt_cert_type": "03", "ipt_otp_no": "M0001"}
        node |= {"atddr_no": "D1", "dr_name": "李医生", "dept_code": "A01", "dept_name": "内科", "caty": "A03"}
        return str((await self.call("2201", {"data": node}))["data"]["mdtrt_id"])

    async def describe(self, mdtrt_id: str, med_type: str, infno: str = "2203A", **more: Any) -> None:
        """2203A or 2203."""
        node = {
            "mdtrt_id": mdtrt_id,
            "psn_no": self.psn_no,
            "med_type": med_type,
            "begntime": "2019-05-06 08:30:00",
            **more,
        }
        await self.call(infno, {"mdtrtinfo": node, "diseinfo": [diagnosis("I10", None)]})

    async def upload_batch(self, mdtrt_id: str, batch: str, lines: Sequence[Mapping[str, Any]]) -> list[Any]:
        """2204."""
        given = [{"mdtrt_id": mdtrt_id, "psn_no": self.psn_no, "chrg_bchno": batch, **line} for line in lines]
        return list((await self.call("2204", {"feedetail": given}))["result"])

    async def settle_batch(
        self, mdtrt_id: str, batch: str, total: Any, med_type: str = "11", infno: str = "2207", **more: Any
    ) -> Any:
        """2207, or 2206."""
        data = settlement(mdtrt_id, total, self.psn_no, med_type=med_type, chrg_bchno=batch, **more)
        return await self.call(infno, {"data": data})


def diagnosis(code: str, psn_no: str | None, *, main: bool = True, order: int = 1) -> dict[str, Any]:
    """One of diseinfo."""
    return {
        "psn_no": psn_no,
        "diag_type": "1",
        "maindiag_flag": "1" if main else "0",
        "diag_srt_no": order,
        "diag_code": code,
        "diag_name": "诊断",
        "diag_dept": "内科",
        "dise_dor_no": "D1",
        "dise_dor_name": "李医生",
        "diag_time": "2019-05-01 09:00:00",
    }


def line(number: str, amount: Any, **more: Any) -> dict[str, Any]:
    """One of feedetail, of one unit."""
    return {
        "feedetl_sn": number,
        "fee_ocur_time": "2019-05-05 10:00:00",
        "med_list_codg": "XA01",
        "medins_list_codg": "D1",
        "det_item_fee_sumamt": amount,
        "cnt": 1,
        "pric": amount,
        "bilg_dept_codg": "A01",
        "bilg_dept_name": "内科",
        "bilg_dr_codg": "D1",
        "bilg_dr_name": "李医生",
        **more,
    }


def settlement(mdtrt_id: str, total: Any, psn_no: str, **more: Any) -> dict[str, Any]:
    """data of 2303, 2304, 2206, 2207."""
    return {
        "psn_no": psn_no,
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": "220621198001010000",
        "medfee_sumamt": total,
        "psn_setlway": "01",
        "mdtrt_id": mdtrt_id,
        "acct_used_flag": "0",
        "insutype": "390",
        "invono": "",
        "mid_setl_flag": "0",
        **more,
    }


def check_identities(answer: Mapping[str, Any]) -> None:
    """Every identity of a settlement's answer holds to the fen."""
    told = {name: Decimal(str(value)) for name, value in answer["setlinfo"].items() if name.endswith(NUMBERS)}
    assert told["medfee_sumamt"] == sum(told[part] for part in PARTS)
    assert told["medfee_sumamt"] == told["fund_pay_sumamt"] + told["psn_part_amt"] + told["hosp_part_amt"]
    assert told["psn_part_amt"] == told["acct_pay"] + told["psn_cash_pay"]
    funds = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
    assert told["fund_pay_sumamt"] == sum(told[fund] for fund in funds)
    assert told["fund_pay_sumamt"] == sum(Decimal(str(row["fund_payamt"])) for row in answer["setldetail"])


def figures(answer: Mapping[str, Any]) -> dict[str, Decimal]:
    """The total of a settlement's answer, and who bears it."""
    names = ("medfee_sumamt", "fund_pay_sumamt", "psn_part_amt", "hosp_part_amt")
    return {name: Decimal(str(answer["setlinfo"][name])) for name in names}


async def refusal(call: Awaitable[Any]) -> CallRefused:
    """How a call is refused, which must be."""
    with pytest.raises(CallRefused) as refused:
        await call
    return refused.value


NUMBERS = ("_amt", "_pay", "_selfpay", "_sumamt", "_pay_sumamt")
