"""The metadata that every table of the ledger, the projections and the processors is declared in."""

from sqlalchemy import MetaData

metadata = MetaData()
