"""A hospital's own books of a day: what it was answered, as it states it in 3201 and in the file of 3202."""

import base64
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from events.county_time import COUNTY_TIME
from tests.gateway.national.county import GatewayCounty
from tests.gateway.national.his import His

ANSWER_COLUMNS = (
    *("psn_no", "mdtrt_id", "setl_id", "msgid", "stmt_rslt", "refd_setl_flag", "memo"),
    *("medfee_sumamt", "fund_pay_sumamt", "acct_pay"),
)


@dataclass
class DayBook:
    """What a hospital was answered to its settlements and reversals, by number and whether it is a refund."""

    rows: dict[tuple[str, bool], Mapping[str, Any]] = field(default_factory=dict)

    def enter(self, answer: Mapping[str, Any], *, refund: bool = False) -> None:
        """Enter an answer of 2304, 2207, 2305 or 2208; the same settlement answered again is the same row."""
        info = answer["setlinfo"]
        self.rows[info["setl_id"], refund] = info

    def strike(self, setl_id: str, *, refund: bool = False) -> None:
        """Strike what a message took back."""
        self.rows.pop((setl_id, refund), None)

    def stated(self, *, clr_type: str = "11", refunds: bool = True, **more: Any) -> dict[str, Any]:
        """``data`` of 3201 and 3202 for the days around today."""
        kept = [
            row for (_, refund), row in self.rows.items() if row["clr_type"] == clr_type and (refunds or not refund)
        ]
        today = datetime.now(COUNTY_TIME).date()
        return {
            "insutype": "390",
            "clr_type": clr_type,
            "setl_optins": kept[0]["clr_optins"] if kept else "220621",
            "stmt_begndate": f"{today - timedelta(days=1)}",
            "stmt_enddate": f"{today + timedelta(days=1)} 00:00:00",
            "medfee_sumamt": sum((Decimal(str(row["medfee_sumamt"])) for row in kept), Decimal(0)),
            "fund_pay_sumamt": sum((Decimal(str(row["fund_pay_sumamt"])) for row in kept), Decimal(0)),
            "acct_pay": 0,
            "cash_payamt": 0,
            "fixmedins_setl_cnt": len(kept),
            **more,
        }

    def lines(self, *, flagged: bool = True) -> list[list[Any]]:
        """The lines of the file."""
        return [
            [
                *(row[name] for name in ("setl_id", "mdtrt_id", "psn_no", "medfee_sumamt", "fund_pay_sumamt")),
                None,
                *(["1" if refund else "0"] if flagged else []),
            ]
            for (_, refund), row in self.rows.items()
        ]


def sendable(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Amounts as text, as many programs send them."""
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in stated.items()}


def packed(lines: Sequence[Sequence[Any]], name: str = "dz.txt", encoding: str = "utf-8") -> bytes:
    """Lines as the zip file of 9101."""
    text = "".join("\t".join("null" if each is None else str(each) for each in line) + "\r\n" for line in lines)
    return zipped({name: text.encode(encoding)})


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of some files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def damaged(content: bytes) -> bytes:
    """A zip of one file whose compressed bytes are others, behind the 30 of its header and its name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (entry,) = archive.infolist()
    begins = 30 + len(entry.filename)
    return content[:begins] + b"\xff" * entry.compress_size + content[begins + entry.compress_size :]


async def upload(his: His, content: bytes, filename: str = "dz.zip") -> str:
    """9101; returns 文件查询号."""
    node = {"in": base64.b64encode(content).decode(), "filename": filename, "fixmedins_code": his.code}
    return str((await his.call("9101", {"fsUploadIn": node}))["file_qury_no"])


async def verdicts(
    county: GatewayCounty, his: His, lines: Sequence[Sequence[Any]], stated: Mapping[str, Any]
) -> dict[tuple[str, str], dict[str, str | None]]:
    """What 3202 says of each line, by setl_id and refd_setl_flag: 9101, 3202, 9102."""
    number = await upload(his, packed(lines))
    info = (await his.call("3202", {"data": sendable(stated) | {"file_qury_no": number}}))["fileinfo"]
    asked = {"fsDownloadIn": {**info, "fixmedins_code": his.code}}
    answer = await county.fetch(his.envelope("9102", asked))
    assert answer.headers["content-type"] == "application/octet-stream"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode()
    rows = [
        dict(zip(ANSWER_COLUMNS, (None if each == "null" else each for each in line.split("\t")), strict=True))
        for line in text.splitlines()
    ]
    found = {(str(row["setl_id"]), str(row["refd_setl_flag"])): row for row in rows}
    assert len(found) == len(rows) or len(lines) != len({str(line) for line in lines})
    return found
