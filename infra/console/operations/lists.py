"""What was refused, what waits, what is parked and what was backed up, as listings."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, func, select

from events.catalog import FACTS
from events.refusals import REASON_NAMES
from events.store.journal import entries
from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter, Row
from infra.console.pages import query_text
from infra.person_file.names import FACTS as FACT_NAMES
from infra.words.sources import BY_SOURCE
from processors.backup.retention import KEPT_FOR, backups
from processors.delivery.names import INTAKE_CONSUMER, INTAKE_JOURNAL, PAYOUTS_CONSUMER, SETTLEMENT_CONSUMER
from processors.delivery.parked_runs import parked
from processors.law.terms import LAYER_NAMES, NameChain
from projections.refusals import refusals
from projections.waiting_discharges import waiting

KIND_NAMES = {name: FACT_NAMES[name][0] if name in FACT_NAMES else name for name in sorted(FACTS)}

REASONS: Mapping[str, str] = {str(reason): name for reason, name in REASON_NAMES.items()}
CONSUMER_NAMES = NameChain(
    {INTAKE_CONSUMER: "接收", SETTLEMENT_CONSUMER: "结算", PAYOUTS_CONSUMER: "支付通知"}, LAYER_NAMES
)


def _of_source(row: Row) -> str:
    return f"/operations/refusals?{query_text({'source': row['source']})}"


def _event(row: Row) -> str:
    return f"/events/{INTAKE_JOURNAL}/{row['number']}"


REFUSALS = Listing(
    name="refusals",
    title="拒收 Refusals",
    columns=(
        ListColumn("number", "序号", "number", "count", link=_event),
        ListColumn("at", "拒收时间", "refused at", "moment", sortable=False),
        ListColumn("source", "来源", "source", names=BY_SOURCE, link=_of_source),
        ListColumn("event_id", "事件", "event", "id", link=_event),
        ListColumn("type", "类型", "kind", names=KIND_NAMES),
        ListColumn("reason", "原因", "reason", names=REASON_NAMES),
        ListColumn("detail_zh", "说明", "what to mend", sortable=False),
        ListColumn("detail", "英文说明", "detail", sortable=False),
    ),
    filters=(
        ListFilter("type", "类型", "kind", "choice", KIND_NAMES),
        ListFilter("source", "来源", "source", "source"),
        ListFilter("reason", "原因", "reason", "choice", REASONS),
        ListFilter("from", "自", "from", "from", column="at"),
        ListFilter("until", "至", "until", "until", column="at"),
    ),
    order="-number",
    key=("number",),
    personal=True,
)
WAITING = Listing(
    name="waiting",
    title="等待 Waiting",
    columns=(
        ListColumn("number", "序号", "number", "count", link=_event),
        ListColumn("at", "收到时间", "since", "moment", sortable=False),
        ListColumn("source", "来源", "source", names=BY_SOURCE),
        ListColumn("event_id", "事件", "event", "id", link=_event),
        ListColumn("kind", "类型", "kind", names={"bill": "出院结算或其更正", "change": "入院登记的变更"}),
        ListColumn("waits_for", "等待的入院登记", "admission that it waits for", "id"),
    ),
    filters=(
        ListFilter("source", "来源", "source", "source"),
        ListFilter("waits_for", "入院登记", "admission"),
        ListFilter("from", "自", "from", "from", column="at"),
        ListFilter("until", "至", "until", "until", column="at"),
    ),
    order="number",
    key=("number",),
    personal=True,
)
BACKUPS = Listing(
    name="backups",
    title="备份 Backups",
    columns=(
        ListColumn("made_at", "开始于", "begun", "moment"),
        ListColumn("complete", "已完成", "complete", "flag"),
        ListColumn("intake_seq", "含至 INTAKE 位置", "events up to", "count"),
        ListColumn("counts", "恢复可接续", "a restore can go on from it", "flag", sortable=False),
    ),
    order="-made_at",
    key=("made_at",),
)
PARKED = Listing(
    name="parked",
    title="挂起 Parked",
    columns=(
        ListColumn(
            "person_id", "参保人", "person", "id", link=lambda row: f"/operations/parked?person={row['person_id']}"
        ),
        ListColumn("consumer", "处理器", "consumer", names=CONSUMER_NAMES),
        ListColumn("run", "批次", "run", "count"),
        ListColumn("reason", "原因", "reason", sortable=False),
        ListColumn("since", "自", "since", "moment"),
    ),
    filters=(
        ListFilter("person", "参保人", "person", column="person_id"),
        ListFilter("consumer", "处理器", "consumer", "choice", CONSUMER_NAMES),
    ),
    order="since",
    key=("person_id", "consumer", "run"),
    personal=True,
)


def refusals_query() -> Select[Any]:
    """Refusals with when each was written."""
    table = refusals.c
    told = (table.number, table.source, table.event_id, table.type, table.reason, table.detail_zh, table.detail)
    return select(*told, _written_at(table.number))


def waiting_query() -> Select[Any]:
    """What waits for an admission, and since when."""
    table = waiting.c
    kind = case((table.claim_id == "", "change"), else_="bill").label("kind")
    told = (table.number, table.source, table.event_id, kind, table.admission_id.label("waits_for"))
    return select(*told, _written_at(table.number))


def parked_query() -> Select[Any]:
    """Runs that are parked."""
    table = parked.c
    return select(table.person_id, table.consumer, table.run, table.reason, table.since)


def backups_query() -> Select[Any]:
    """Backups; ``counts``: INTAKE still holds what came after it."""
    table = backups.c
    last = select(func.max(table.made_at)).where(table.complete).scalar_subquery()
    kept = and_(table.complete, table.made_at == last, table.made_at > datetime.now(UTC) - KEPT_FOR)
    return select(table.made_at, table.complete, table.intake_seq, kept.label("counts"))


def retention_ends(made_at: datetime) -> timedelta:
    """How long INTAKE still keeps what came after a backup; negative where it keeps it no longer."""
    return made_at + KEPT_FOR - datetime.now(UTC)


def _written_at(number: Any) -> Any:
    """When an entry of intake was written: a query of its own, that the rows which are shown are asked by alone."""
    at = select(entries.c.recorded_at).where(entries.c.journal == INTAKE_JOURNAL, entries.c.number == number)
    return at.scalar_subquery().label("at")
