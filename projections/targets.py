"""Targets as finance's views read them: what the text in force of each scheme states, written when it is adopted."""

from typing import get_args

from sqlalchemy import CheckConstraint, Column, Date, Numeric, Table, Text

from events.store.metadata import metadata, one_of
from policies.targets import TARGET_NAMES
from policies.values import Grade

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
