"""Targets as finance's views read them: what the text in force of each scheme states, written when it is adopted."""

from typing import get_args

from sqlalchemy import CheckConstraint, Column, Date, Numeric, Table, Text

from events.store.metadata import metadata, one_of
from policies.targets import TARGET_NAMES
from policies.values import Grade

NAMING = ("assistance", "case_quota", "grant")
"""What of a text names a disease as a serious one (重特大疾病): conditions of medical assistance, quotas, grants."""

targets = Table(
    "targets",
    metadata,
    Column("scheme", Text, primary_key=True, comment="name"),
    Column("target", Text, primary_key=True),
    Column("since", Date, primary_key=True, comment="first day on which it holds"),
    Column("until", Date, comment="first day on which it holds no longer"),
    Column("value", Numeric, nullable=False, comment="fraction of 1"),
    Column("grade", Text, nullable=False, comment="how well it is known"),
    Column("cite", Text, nullable=False, comment="the clause"),
    one_of("target", TARGET_NAMES),
    one_of("grade", get_args(Grade)),
    CheckConstraint("value BETWEEN 0 AND 1", name="value_is_share"),
    schema="projections",
    comment="what the text in force of each scheme says that a year should reach",
)

named_diseases = Table(
    "named_diseases",
    metadata,
    Column("scheme", Text, primary_key=True, comment="name"),
    Column("disease", Text, primary_key=True),
    Column("use", Text, primary_key=True, comment="what names it: assistance, case_quota or grant"),
    one_of("use", NAMING),
    schema="projections",
    comment="diseases that the text in force of each scheme names for more help than others get",
)
