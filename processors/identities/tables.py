"""The table of the persons' register. A row is never changed, only sealed anew (triggers)."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, LargeBinary, Table, Text

from events.store.metadata import metadata

identity_rows = Table(
    "persons",
    metadata,
    Column(
        "number",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="in the order in which rows were recorded, without gaps from 1",
    ),
    Column("person_id", Text, nullable=False, comment="psn_no"),
    Column("sealed", LargeBinary, nullable=False, comment="name, certificate, sex, birth and insurance, AES-256-GCM"),
    Column("certificate", LargeBinary, nullable=False, comment="blind index of the certificate's number, HMAC-SHA256"),
    Column("key_id", Text, nullable=False, comment="under which key it is sealed and indexed"),
    Column("actor", Text, nullable=False),
    Column("login", Text, nullable=False, comment="of the database"),
    Column("owner", Boolean, nullable=False, comment="whether the login owns the database, which tells nobody apart"),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("persons_person", "person_id", "number"),
    Index("persons_certificate", "certificate"),
    schema="identities",
    comment="who a person is, as lists told it; of a person the last row holds; "
    "a row is never changed, only sealed anew",
)
