"""Listings of what is owed, lent, paid ahead and fined."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, Text, case, column, func, literal, select, table

from infra.console.finance.report_listings import YES_OR_NO, LedgerWords
from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter
from infra.words.clearing import KIND_NAMES as PAYEE_KINDS
from infra.words.clearing import LENDER_NAMES
from infra.words.premiums import KIND_NAMES as PREMIUM_KINDS
from infra.words.registers import FAULT_NAMES, STATE_NAMES
from processors.clearing.prepayments import STATUS_NAMES as PREPAYMENT_STATES
from processors.law.terms import CATEGORY_NAMES, FUND_NAMES, INSURER_NAMES, LAYER_NAMES
from processors.registers.registers import ADVANCE_FAULTS, ADVANCE_STATES, ADVANCES
from projections.fines import REPLACED_BY, STANDS, fines
from projections.premium_entries import newest_premium
from projections.premiums import premiums

Row = Mapping[str, Any]
_TRANSFERS = table(
    "premium_transfers",
    *map(column, ("scheme", "region", "year", "payer", "fund", "insurer", "due", "transferred", "difference")),
    schema="finance",
)
_ADVANCES = table(ADVANCES.view, *(column(field.name) for field in ADVANCES.fields), schema="finance")


def hospital_link(row: Row) -> str:
    """A hospital's page."""
    return f"/hospitals/{row['hospital_id']}"


def receivable_listing(words: LedgerWords) -> Listing:
    """What hospitals and persons owe the funds after clearings."""

    def opened(row: Row) -> str:
        return f"/finance/receivables/{row['receivable_id']}"

    return Listing(
        "receivables",
        "应收款 Receivables",
        (
            ListColumn("receivable_id", "应收款", "receivable", "id", opened),
            ListColumn("clearing_id", "清算单", "clearing", "id", lambda row: f"/clearing/{row['clearing_id']}"),
            ListColumn("region", "统筹区", "region", names=words.regions),
            ListColumn("payee_kind", "种类", "kind", names=PAYEE_KINDS),
            ListColumn("payee", "欠款方", "owed by", "id", _debtor),
            ListColumn("closed_is", "协议已终止", "no longer designated", names=YES_OR_NO),
            ListColumn("amount", "金额", "amount", "yuan", opened, summed=True),
            ListColumn("settled", "已收", "paid in", "yuan", opened, summed=True),
            ListColumn("set_off", "已抵扣", "set off", "yuan", opened, summed=True),
            ListColumn("outstanding", "未收", "outstanding", "yuan", opened, summed=True),
        ),
        (
            ListFilter("region", "统筹区", "region", "region"),
            ListFilter("payee_kind", "种类", "kind", "choice", PAYEE_KINDS),
            ListFilter("payee", "欠款方", "owed by"),
            ListFilter("closed", "协议已终止", "no longer designated", "choice", YES_OR_NO, "closed_is"),
        ),
        key=("receivable_id",),
        personal=True,
    )


def _debtor(row: Row) -> str | None:
    return {"hospital": f"/hospitals/{row['payee']}", "person": f"/persons/{row['payee']}"}.get(row["payee_kind"])


def prepayment_listing(words: LedgerWords) -> Listing:
    """What funds have paid hospitals ahead."""

    def opened(row: Row) -> str:
        return f"/finance/prepayments/{row['prepayment_id']}"

    return Listing(
        "prepayments",
        "预拨 Prepayments",
        (
            ListColumn("prepayment_id", "预拨", "prepayment", "id", opened),
            ListColumn("region", "统筹区", "region", names=words.regions),
            ListColumn("hospital_id", "医院", "hospital", "id", hospital_link, names=words.hospitals),
            ListColumn("fund", "付款基金", "fund", names=FUND_NAMES),
            ListColumn("insurer", "承保公司", "insurer", names=INSURER_NAMES),
            ListColumn("status", "状态", "status", names=PREPAYMENT_STATES),
            ListColumn("amount", "金额", "amount", "yuan", opened, summed=True),
            ListColumn("set_off", "已抵扣", "set off", "yuan", opened, summed=True),
            ListColumn("returned", "已退回", "paid back", "yuan", opened, summed=True),
            ListColumn("outstanding", "余额", "outstanding", "yuan", opened, summed=True),
            ListColumn("ordered_by", "经办", "ordered by"),
            ListColumn("approved_by", "复核", "approved by"),
            ListColumn("reference", "流水号", "reference"),
            ListColumn("paid_on", "预拨日", "paid on", "day"),
        ),
        (
            ListFilter("region", "统筹区", "region", "region"),
            ListFilter("hospital_id", "医院", "hospital"),
            ListFilter("status", "状态", "status", "choice", PREPAYMENT_STATES),
        ),
        key=("prepayment_id",),
    )


def advance_listing(words: LedgerWords) -> Listing:
    """The emergency fund's loans, from request to repayment."""

    def opened(row: Row) -> str:
        return f"/finance/advances/{row['region']}/{row['advance_id']}"

    money = ("issued", "repaid", "in_cash", "outstanding", "asked", "approved")
    plain = {"region": words.regions, "lent_by": LENDER_NAMES, "state": STATE_NAMES, "faults": FAULT_NAMES}
    kinds: Mapping[str, Any] = {"text": "text", "day": "day", "count": "count", "texts": "texts"}
    links = {"advance_id": opened, "person_id": lambda row: f"/persons/{row['person_id']}"}
    return Listing(
        "advances",
        "临时救急借款 Advances",
        tuple(
            ListColumn(
                *(field.name, field.title, field.name.replace("_", " ")),
                "yuan" if field.name in money else "id" if field.name in links else kinds[field.kind],
                link=opened if field.name in money else links.get(field.name),
                names=plain.get(field.name),
                summed=field.name in ADVANCES.summed,
            )
            for field in ADVANCES.fields
        ),
        (
            ListFilter("region", "借出地区", "region", "region"),
            ListFilter("township", "乡镇", "township"),
            ListFilter("state", "状态", "state", "choice", {each: STATE_NAMES[each] for each in ADVANCE_STATES}),
            ListFilter(
                "fault", "问题", "fault", "choice", {each: FAULT_NAMES[each] for each in ADVANCE_FAULTS}, "fault_is"
            ),
        ),
        key=("region", "advance_id"),
        personal=True,
    )


def _some(names: Mapping[str, str], codes: Sequence[str]) -> dict[str, str]:
    return {code: names[code] for code in codes}


def advance_source(fault: str | None) -> Select[Any]:
    """Loans and requests; with a ``fault`` those that have it."""
    view = _ADVANCES.c
    told = select(_ADVANCES, literal(fault or "", Text).label("fault_is"))
    return told if not fault else told.where(func.array_position(view.faults, fault).is_not(None))


def fine_listing(words: LedgerWords) -> Listing:
    """Fines on hospitals."""
    return Listing(
        "fines",
        "罚款 Fines",
        (
            ListColumn("fine_id", "处罚编号", "fine", "id"),
            ListColumn("hospital_id", "医疗机构", "hospital", "id", hospital_link, names=words.hospitals),
            ListColumn("amount", "金额", "amount", "fen"),
            ListColumn("standing", "其中有效", "standing", "fen", summed=True),
            ListColumn("imposed_on", "日期", "imposed on", "day"),
            ListColumn("reason", "原因", "reason"),
            ListColumn("clause", "依据", "clause"),
            ListColumn("source", "作出机关", "source"),
            ListColumn("replaced_by", "被替换为", "replaced by", "id"),
        ),
        (
            ListFilter("hospital_id", "医疗机构", "hospital"),
            ListFilter("from", "日期起", "from", "from", column="imposed_on"),
            ListFilter("until", "至", "until", "until", column="imposed_on"),
        ),
        key=("fine_id",),
    )


def fine_source() -> Select[Any]:
    """Fines as they were recorded."""
    shown = (each for each in fines.c if each.name not in ("number", "replaces"))
    standing = case((STANDS, fines.c.amount), else_=0).label("standing")
    return select(*shown, standing, REPLACED_BY.label("replaced_by"))


_PREMIUM_KEY = ("year", "region", "scheme", "layer", "kind", "payer")


def _premium_columns(words: LedgerWords) -> tuple[ListColumn, ...]:
    return (
        ListColumn("year", "年度", "year"),
        ListColumn("region", "统筹区", "region", names=words.regions),
        ListColumn("scheme", "政策", "scheme", names=words.schemes),
        ListColumn("layer", "保障线", "layer", names=LAYER_NAMES),
        ListColumn("kind", "方式", "kind", names=PREMIUM_KINDS),
        ListColumn("payer", "出资方", "payer", names=FUND_NAMES),
    )


def _premium_filters(*, shared: bool) -> tuple[ListFilter, ...]:
    return (
        ListFilter("year", "年度", "year", "year", shared=shared),
        ListFilter("region", "统筹区", "region", "region", shared=shared),
        ListFilter("payer", "出资方", "payer", "choice", FUND_NAMES, shared=shared),
        ListFilter("layer", "保障线", "layer", "choice", LAYER_NAMES, shared=shared),
    )


def premium_sum_listing(words: LedgerWords) -> Listing:
    """Premiums in sum; each opens the persons behind it."""

    def persons(row: Row) -> str:
        return f"/finance/premiums/persons?{'&'.join(f'{name}={row[name]}' for name in _PREMIUM_KEY)}"

    return Listing(
        "premium_totals",
        "保费汇总 Premiums in sum",
        (
            *_premium_columns(words),
            ListColumn("persons", "人数", "persons", "count", persons),
            ListColumn("amount", "金额", "amount", "fen", persons, summed=True),
        ),
        _premium_filters(shared=True),
        key=_PREMIUM_KEY,
        grouped=True,
        newest=newest_premium,
    )


def premium_sum_source() -> Select[Any]:
    """Sums of the premiums that stand."""
    key = [premiums.c[name] for name in _PREMIUM_KEY]
    sums = (
        func.count().label("persons"),  # a person has one row of each key
        func.sum(premiums.c.amount).label("amount"),
    )
    return select(*key, *sums).where(premiums.c.amount != 0).group_by(*key)


def premium_listing(words: LedgerWords) -> Listing:
    """Premiums that stand, by person."""
    return Listing(
        "premiums",
        "保费 Premiums",
        (
            ListColumn("person_id", "参保人", "person", "id", lambda row: f"/persons/{row['person_id']}"),
            *_premium_columns(words),
            ListColumn("amount", "金额", "amount", "fen", summed=True),
            ListColumn("category", "类别", "category", names=CATEGORY_NAMES),
            ListColumn("cite", "出处", "clause"),
        ),
        (
            *_premium_filters(shared=False),
            ListFilter("scheme", "政策", "scheme"),
            ListFilter("kind", "方式", "kind", "choice", dict(PREMIUM_KINDS)),
        ),
        key=("person_id", *_PREMIUM_KEY),
        personal=True,
    )


def premium_source() -> Select[Any]:
    """Premiums that stand."""
    names = ("person_id", *_PREMIUM_KEY, "amount", "category", "cite")
    return select(*(premiums.c[name] for name in names)).where(premiums.c.amount != 0)


def transfer_listing(words: LedgerWords) -> Listing:
    """Premiums due to the funds that insure, and what was transferred of them."""

    def moved(row: Row) -> str:
        return f"/finance/movements?kind=premium&year={row['year']}&region={row['region']}"

    return Listing(
        "premium_transfers",
        "保费划转 Transfers of premiums",
        (
            ListColumn("year", "年度", "year"),
            ListColumn("region", "统筹区", "region", names=words.regions),
            ListColumn("scheme", "政策", "scheme", names=words.schemes),
            ListColumn("payer", "出资方", "payer", names=FUND_NAMES),
            ListColumn("fund", "收款资金", "fund", names=FUND_NAMES),
            ListColumn("insurer", "承保公司", "insurer", names=INSURER_NAMES),
            ListColumn("due", "应划", "due", "yuan", summed=True),
            ListColumn("transferred", "已划", "transferred", "yuan", moved, summed=True),
            ListColumn("difference", "差额", "difference", "yuan", summed=True),
        ),
        _premium_filters(shared=True)[:3],
        key=("year", "region", "scheme", "payer", "fund", "insurer"),
        counted=True,
        prefixed=True,
    )


def transfer_source() -> Select[Any]:
    """Transfers of premiums as finance's view has them."""
    return select(_TRANSFERS)


def with_flags(rows: Sequence[Row], *names: str) -> list[dict[str, Any]]:
    """Rows whose flags can be filtered."""
    return [{**row, **{f"{name}_is": str(row[name]).lower() for name in names}} for row in rows]
