"""Who is insured, as a listing: a row for each person and year."""

from typing import Any

from sqlalchemy import Select, Text, distinct, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from events.codes import INSURANCE_TYPE_NAMES
from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter
from processors.law.terms import CATEGORY_NAMES
from projections.enrolments import enrolments
from projections.persons import persons
from projections.rosters import rosters

INSURED = Listing(
    name="persons",
    title="参保人 Persons",
    columns=(
        ListColumn("person_id", "参保人", "person", "id", link=lambda row: f"/persons/{row['person_id']}"),
        ListColumn("year", "年度", "year", sortable=False),
        ListColumn("region", "统筹区", "region", sortable=False),
        ListColumn("township", "乡镇", "township", sortable=False),
        ListColumn("insurance_type", "参保类型", "insured as", names=INSURANCE_TYPE_NAMES, sortable=False),
        ListColumn("effective_on", "参保自", "insured from", "day", sortable=False),
        ListColumn("categories", "曾列入的类别", "was on the roster as", "texts", names=CATEGORY_NAMES, sortable=False),
        ListColumn(
            "claims",
            "结算单",
            "claims, all years",
            "count",
            link=lambda row: f"/claims?person={row['person_id']}",
            sortable=False,
        ),
    ),
    filters=(
        ListFilter("person", "参保人编号", "person's id", column="person_id"),
        ListFilter("year", "年度", "year", "year"),
        ListFilter("region", "统筹区", "region", "region"),
        ListFilter("township", "乡镇代码", "township"),
        ListFilter("category", "救助对象类别", "category", "choice", CATEGORY_NAMES),
        ListFilter("type", "参保类型", "insured as", "choice", INSURANCE_TYPE_NAMES, column="insurance_type"),
    ),
    order="person_id",
    key=("person_id", "year"),
    personal=True,
)


def insured(category: str) -> Select[Any]:
    """Enrolments with what stands beside them; of a category, those who were ever put into it."""
    entered = (
        select(func.array_agg(aggregate_order_by(distinct(rosters.c.category), rosters.c.category), type_=ARRAY(Text)))
        .where(rosters.c.person_id == enrolments.c.person_id, rosters.c.added)
        .scalar_subquery()
    )
    claims = select(persons.c.claims).where(persons.c.person_id == enrolments.c.person_id).scalar_subquery()
    query = select(
        enrolments.c.person_id,
        enrolments.c.year,
        enrolments.c.region,
        enrolments.c.township,
        enrolments.c.insurance_type,
        enrolments.c.effective_on,
        entered.label("categories"),
        claims.label("claims"),
        literal(category).label("category"),
    )
    if category:
        of_category = select(rosters.c.person_id).where(rosters.c.category == category, rosters.c.added)
        query = query.where(enrolments.c.person_id.in_(of_category))
    return query
