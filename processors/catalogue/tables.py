"""The tables of the catalogue: lists that were taken in, and their entries. No row is ever changed (triggers)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
)

from events.store.metadata import metadata, one_of
from processors.catalogue.entries import CATALOGUE_KIND_NAMES, LEVEL_NAMES

SCHEMA = "gateway"

catalogue_imports = Table(
    "catalogue_imports",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of the import, without gaps from 1"),
    Column("sha256", Text, nullable=False, comment="of the file, hex"),
    Column("listed", Integer, nullable=False, comment="rows of the list"),
    Column("entries", Integer, nullable=False, comment="entries that were new; the others stood already"),
    Column("actor", Text, nullable=False),
    Column("login", Text, nullable=False, comment="of the database"),
    Column("owner", Boolean, nullable=False, comment="whether the login owns the database, which tells nobody apart"),
    Column("at", DateTime(timezone=True), nullable=False),
    schema=SCHEMA,
    comment="lists of the medical catalogue that were taken in; never changed",
)

catalogue_entries = Table(
    "catalogue_entries",
    metadata,
    Column(
        "number",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="in the order in which entries were recorded, without gaps from 1",
    ),
    Column(
        "import",
        BigInteger,
        ForeignKey(catalogue_imports.c.number),
        nullable=False,
        comment="the list that brought it",
    ),
    Column("region", Text, comment="GB/T 2260 code of the region in which it holds; NULL in all"),
    Column("code", Text, nullable=False, comment="med_list_codg"),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False, comment="chrgitm_lv: 01, 02, 03"),
    Column(
        "upfront_ratio",
        Numeric(5, 4),
        nullable=False,
        comment="what the person pays upfront of the price within the cap, 0 to 1",
    ),
    Column("price_cap", Numeric(16, 6), comment="yuan a unit; NULL where there is none"),
    Column("charge_type", Text, nullable=False, comment="med_chrgitm_type"),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, comment="its last day; NULL where it is open"),
    Index("catalogue_entries_code", "code", "valid_from"),
    one_of("kind", [*CATALOGUE_KIND_NAMES]),
    one_of("level", [*LEVEL_NAMES]),
    CheckConstraint("upfront_ratio BETWEEN 0 AND 1", name="ratio_in_bounds"),
    CheckConstraint("price_cap >= 0", name="cap_not_negative"),
    CheckConstraint("valid_from <= valid_until", name="days_in_order"),
    schema=SCHEMA,
    comment="what is insured of drugs, services and consumables; a new entry ends those before it from its first day",
)
