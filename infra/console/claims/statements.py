"""Statements as a listing."""

from typing import Any

from sqlalchemy import Select, select

from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter
from infra.person_file.names import PAYEES, STATUSES
from processors.law.terms import CATEGORY_NAMES, DISEASE_NAMES, SETTING_NAMES
from projections.statements import statements

_STATUS_NAMES = {code: chinese for code, (chinese, _) in STATUSES.items()}
_PAYEE_NAMES = {code: chinese for code, (chinese, _) in PAYEES.items()}

STATEMENTS = Listing(
    name="claims",
    title="结算单 Claims",
    columns=(
        ListColumn("claim_id", "结算单", "claim", "id", link=lambda row: f"/claims/{row['claim_id']}"),
        ListColumn("person_id", "参保人", "person", "id", lambda row: f"/persons/{row['person_id']}", sortable=False),
        ListColumn("date", "日期", "day", "day"),
        ListColumn("setting", "就医类型", "setting", names=SETTING_NAMES, sortable=False),
        ListColumn(
            "hospital_id", "医疗机构", "hospital", "id", lambda row: f"/hospitals/{row['hospital_id']}", sortable=False
        ),
        ListColumn("region", "统筹区", "region", sortable=False),
        ListColumn("categories", "类别", "categories", "texts", names=CATEGORY_NAMES, sortable=False),
        ListColumn("disease", "病种", "disease", names=DISEASE_NAMES, sortable=False),
        ListColumn("status", "状态", "status", names=_STATUS_NAMES, sortable=False),
        ListColumn("revision", "版次", "revision", "count"),
        ListColumn("total", "总额", "bill", "fen", summed=True),
        ListColumn("paid", "各线支付", "paid by layers", "fen", summed=True),
        ListColumn("hospital_share", "医院承担", "hospital", "fen", summed=True),
        ListColumn("patient_share", "个人负担", "own share", "fen", summed=True),
        ListColumn("payee", "收款方", "payee", names=_PAYEE_NAMES, sortable=False),
    ),
    filters=(
        ListFilter("claim", "结算单号", "claim's id", column="claim_id"),
        ListFilter("person", "参保人编号", "person's id", column="person_id"),
        ListFilter("hospital", "医疗机构编号", "hospital's id", column="hospital_id"),
        ListFilter("region", "统筹区", "region", "region"),
        ListFilter("year", "年度", "year", "year"),
        ListFilter("setting", "就医类型", "setting", "choice", SETTING_NAMES),
        ListFilter("disease", "病种", "disease", "choice", DISEASE_NAMES),
        ListFilter("status", "状态", "status", "choice", _STATUS_NAMES),
        ListFilter("scheme", "政策", "scheme"),
        ListFilter("from", "自", "from", "from", column="date"),
        ListFilter("until", "至", "until", "until", column="date"),
        ListFilter("least", "总额不少于（元）", "bill at least, yuan", "least", column="total"),
    ),
    order="claim_id",
    key=("claim_id",),
    personal=True,
)


def statement_query() -> Select[Any]:
    """Every statement; of a reversed one nothing is paid and its bill is what was billed."""
    shown = statements.c
    return select(
        shown.claim_id,
        shown.person_id,
        shown.date,
        shown.setting,
        shown.hospital_id,
        shown.region,
        shown.categories,
        shown.disease,
        shown.status,
        shown.revision,
        shown.total,
        (shown.total - shown.hospital_share - shown.patient_share).label("paid"),
        shown.hospital_share,
        shown.patient_share,
        shown.payee,
        shown.year,
        shown.scheme,
    )
