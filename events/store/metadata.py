"""The metadata in which every table of the ledger, the projections and the processors is declared.

What it declares, the migrations create, column by column and constraint by constraint (tests/integration/
test_migrations.py). The order of columns may differ from table to table and means nothing.
"""

from collections.abc import Sequence

from sqlalchemy import CheckConstraint, MetaData

metadata = MetaData(naming_convention={"ck": "%(table_name)s_%(constraint_name)s"})


def not_negative(*columns: str) -> CheckConstraint:
    """A constraint: amounts and counts that are 0 or more, or unknown.

    Not for rows to which differences are added: PostgreSQL holds the row of an upsert against it before it adds.
    """
    return CheckConstraint(" AND ".join(f'"{column}" >= 0' for column in columns), name="not_negative")


def one_of(column: str, values: Sequence[str | int]) -> CheckConstraint:
    """A constraint: a column that holds one of a closed list of values, or is unknown."""
    listed = ", ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in values)
    return CheckConstraint(f'"{column}" IN ({listed})', name=f"{column}_known")
