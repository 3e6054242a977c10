"""Types of fields of the national interface's nodes, and how a node is read.

Clients send numbers as text, text as numbers, days with or without a time. What is absent, null and empty are one: the
envelope takes them out before.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from math import isfinite
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from events.county_time import COUNTY_TIME
from events.fact_fields import DIAGNOSIS_PATTERN, FIRST_DAY, LAST_DAY
from events.money import MAX_FEN
from infra.gateway.national.call import Call, NationalRefused

MOST_TEXT = 500
_DIGITS = re.compile(r"[0-9]+")
_FORMS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
)
_LONGEST_MOMENT = 40
_FEN = Decimal("0.01")

FIELD_NAMES: Mapping[str, str] = {
    "psn_no": "人员编号",
    "insutype": "险种类型",
    "begntime": "开始时间",
    "endtime": "结束时间",
    "med_type": "医疗类别",
    "ipt_no": "住院号",
    "ipt_otp_no": "住院/门诊号",
    "mdtrt_id": "就诊ID",
    "setl_id": "结算ID",
    "chrg_bchno": "收费批次号",
    "feedetl_sn": "费用明细流水号",
    "init_feedetl_sn": "原费用流水号",
    "fee_ocur_time": "费用发生时间",
    "med_list_codg": "医疗目录编码",
    "medins_list_codg": "医药机构目录编码",
    "det_item_fee_sumamt": "明细项目费用总额",
    "cnt": "数量",
    "pric": "单价",
    "medfee_sumamt": "医疗费总额",
    "fulamt_ownpay_amt": "全自费金额",
    "overlmt_selfpay": "超限价自费费用",
    "overlmt_amt": "超限价金额",
    "preselfpay_amt": "先行自付金额",
    "inscp_scp_amt": "符合政策范围金额",
    "mid_setl_flag": "中途结算标志",
    "dise_codg": "病种编码",
    "diag_code": "诊断代码",
    "diag_type": "诊断类别",
    "maindiag_flag": "主诊断标志",
    "diag_srt_no": "诊断排序号",
    "psn_setlway": "个人结算方式",
    "acct_used_flag": "个人账户使用标志",
    "invono": "发票号",
    "dscgTime": "出院时间",
    "mdtrtinfo": "就诊信息",
    "diseinfo": "诊断信息",
    "dscginfo": "出院信息",
    "adminfo": "入院信息",
    "feedetail": "费用明细",
    "druginfo": "购药信息",
    "drugdetail": "购药明细",
    "clr_type": "清算类别",
    "setl_optins": "结算经办机构",
    "stmt_begndate": "对账开始日期",
    "stmt_enddate": "对账结束日期",
    "fund_pay_sumamt": "基金支付总额",
    "fixmedins_setl_cnt": "结算笔数",
    "file_qury_no": "文件查询号",
    "filename": "文件名",
    "in": "文件内容",
    "setlym": "结算年月",
    "begndate": "开始日期",
    "enddate": "结束日期",
    "med_sumfee": "医保认可费用总额",
    "fund_appy_sum": "基金申报总额",
    "clr_appy_evt_id": "机构清算申请事件ID",
    "certno": "证件号码",
    "mdtrt_cert_no": "就诊凭证编号",
    "psn_name": "人员姓名",
    "data": "输入",
}
"""What the interface calls its fields, for those who read what is wrong with one."""


class Node(BaseModel):
    """A node of ``input``: unknown fields are passed over, and kept in the raw node."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True)


def fen_of(value: object) -> int:
    """An amount in yuan, a number or text, as fen; finer than a fen is rounded half up. Raises ``ValueError``."""
    number = _decimal(value)
    if abs(number) > MAX_FEN // 100:
        raise ValueError("金额过大")
    return int(number.quantize(_FEN, ROUND_HALF_UP).scaleb(2))


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError("须为数字")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("须为数字") from None
    if not number.is_finite() or number.adjusted() > 15:
        raise ValueError("须为数字，整数部分至多14位")
    return number


def _moment(value: object) -> datetime:
    """A moment in the county's zone; a day alone is its midnight."""
    text = str(value).strip()[:_LONGEST_MOMENT].split(".")[0].removesuffix("Z")
    for form in _FORMS:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007, the zone follows
        except ValueError:
            continue
        if not FIRST_DAY <= moment.date() <= LAST_DAY:
            break
        return moment.replace(tzinfo=COUNTY_TIME)
    raise ValueError("须为 yyyy-MM-dd HH:mm:ss 或 yyyy-MM-dd")


def _day(value: object) -> date:
    return _moment(value).date()


def _flag(value: object) -> bool:
    text = str(value).strip()
    if text not in ("0", "1"):
        raise ValueError("须为 0 或 1")
    return text == "1"


def _quantity(value: object) -> Decimal:
    return _decimal(value).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _price(value: object) -> Decimal:
    return _decimal(value).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _whole_code(value: object) -> object:
    """A code that a client sent as a number: 390 for 390.0."""
    if isinstance(value, float | Decimal) and isfinite(value) and value == int(value):
        return int(value)
    return value


Fen = Annotated[int, BeforeValidator(fen_of)]
Quantity = Annotated[Decimal, BeforeValidator(_quantity)]
Price = Annotated[Decimal, BeforeValidator(_price)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
DayOf = Annotated[date, BeforeValidator(_day)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Number = Annotated[str, BeforeValidator(_whole_code), Field(min_length=1, max_length=30, pattern=r"^[A-Za-z0-9_-]+$")]
"""An id of the interface, C30: letters, digits, ``-`` and ``_``."""
LineNumber = Annotated[str, BeforeValidator(_whole_code), Field(min_length=1, max_length=50)]
ListCode = Annotated[str, BeforeValidator(_whole_code), Field(min_length=1, max_length=150)]
CodeOf = Annotated[str, BeforeValidator(_whole_code), Field(min_length=1, max_length=30)]
Words = Annotated[str, BeforeValidator(_whole_code), Field(min_length=1, max_length=MOST_TEXT)]
InsuranceCode = Annotated[str, BeforeValidator(_whole_code), Field(pattern=r"^[0-9]{3,6}$")]
DiagnosisCode = Annotated[str, BeforeValidator(_whole_code), Field(pattern=DIAGNOSIS_PATTERN)]

Model = TypeVar("Model", bound=Node)


def node_of(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A node that is an object, or a list of one object; raises ``NationalRefused``."""
    node = given.get(name)
    if isinstance(node, list) and len(node) == 1:
        node = node[0]
    if not isinstance(node, Mapping):
        raise NationalRefused(f"缺少节点 {_named(name)}，或其内容不是一个对象：请补充后重发")
    return node


def nodes_of(given: Mapping[str, Any], name: str, *, required: bool = True) -> list[Mapping[str, Any]]:
    """A node that is a list of objects, or a single one; raises ``NationalRefused``."""
    found = given.get(name)
    nodes = [found] if isinstance(found, Mapping) else found
    if nodes is None and not required:
        return []
    if not isinstance(nodes, list) or (required and not nodes) or not all(isinstance(each, Mapping) for each in nodes):
        raise NationalRefused(f"缺少节点 {_named(name)}，或其内容不是列表：请补充后重发")
    return nodes


def read_node(model: type[Model], node: Mapping[str, Any], place: str) -> Model:
    """A node as its model. Raises ``NationalRefused``, which names the first field that is wrong and what it may be."""
    try:
        return model.model_validate({name: value for name, value in node.items() if value not in (None, "")})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else place
        raise NationalRefused(f"{place} 的 {_named(field)} {_wrong(first)}：请改正后重发") from None


def as_stored(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node as JSON columns take it, its fractions as text."""
    stored: dict[str, Any] = orjson.loads(orjson.dumps(node, default=str))
    return stored


def require_past(call: Call, field: str, moment: datetime) -> None:
    """Refuse a moment of a later day than the call's."""
    if moment.date() > call.received_at.date():
        raise NationalRefused(f"{_named(field)} {moment:%Y-%m-%d} 晚于今天：请改正后重发")


def _named(field: str) -> str:
    name = FIELD_NAMES.get(field)
    return field if name is None else f"{field}（{name}）"


def _wrong(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "必填"
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch":
            return "格式不对，只用字母、数字，不含空格和汉字"
        case "string_too_long":
            return f"过长，至多 {context['max_length']} 个字符"
        case "string_type":
            return "须为文本或数字"
    return "内容不对"
