"""What a hospital states of one settlement as it reconciles: sums for 3201, a file for 3202; and what that answers."""

import base64
import io
import zipfile
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any


def stated_sums(info: Mapping[str, Any], today: date) -> dict[str, Any]:
    """``data`` of 3201 and 3202 of today, of a settlement's ``setlinfo``; a day more lets midnight pass."""
    return {
        "insutype": info["insutype"],
        "clr_type": info["clr_type"],
        "setl_optins": info["clr_optins"],
        "stmt_begndate": f"{today}",
        "stmt_enddate": f"{today + timedelta(days=1)}",
        "medfee_sumamt": f"{info['medfee_sumamt']}",
        "fund_pay_sumamt": f"{info['fund_pay_sumamt']}",
        "acct_pay": "0",
        "cash_payamt": "0",
        "fixmedins_setl_cnt": 1,
        "REFD_SETL_FLAG": "0",
    }


def packed_line(info: Mapping[str, Any]) -> str:
    """The zip of 9101 with the one line of a settlement, in base64."""
    told = (info[name] for name in ("setl_id", "mdtrt_id", "psn_no", "medfee_sumamt", "fund_pay_sumamt"))
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("dz.txt", "\t".join([*map(str, told), "0", "0"]) + "\n")
    return base64.b64encode(whole.getvalue()).decode()


def verdict_on(setl_id: str, answered: bytes) -> str:
    """``stmt_rslt`` of a settlement's line in the file of 9102, empty where it has none. Raises ``ValueError``."""
    try:
        with zipfile.ZipFile(io.BytesIO(answered)) as archive:
            (name,) = archive.namelist()
            lines = [line.split("\t") for line in archive.read(name).decode().splitlines()]
    except zipfile.BadZipFile:
        raise ValueError(f"9102: {answered[:300]!r}") from None
    return next((line[4] for line in lines if line[2] == setl_id), "")
