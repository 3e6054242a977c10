"""Every pinned scheme text matches its hash and is the text that was adopted."""

import hashlib

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import SCHEME_ADOPTED
from events.store.journal import entries
from events.store.journal import schemes as scheme_table
from policies.engine import Schemes
from policies.loader import SchemeError
from policies.scheme import Scheme
from processors.delivery.names import INTAKE_JOURNAL
from processors.law.pinned_schemes import load_pinned
from processors.proof.verification.report import VerifyReport


async def check_schemes(connection: AsyncConnection, report: VerifyReport) -> Schemes:
    """Returns the schemes whose text may be trusted, by hash; a claim pinned to another is a problem of its own."""
    adopted = select(scheme_table, entries.c.raw.label("adopted_text")).outerjoin(
        entries,
        (entries.c.journal == INTAKE_JOURNAL)
        & (entries.c.number == scheme_table.c.adopted)
        & (entries.c.type == SCHEME_ADOPTED),
    )
    trusted: dict[str, Scheme] = {}
    for row in await connection.execute(adopted.order_by(scheme_table.c.adopted)):
        report.schemes += 1
        where = f"scheme {row.name}, adopted by entry {row.adopted} of journal intake"
        computed = hashlib.sha256(row.text).hexdigest()
        if computed != row.hash:
            report.problem("scheme", where, f"hash {row.hash}", f"hash {computed}")
        elif row.adopted_text != row.text:
            report.problem("scheme", where, "the text of that entry", "another text")
        else:
            try:
                trusted[row.hash] = load_pinned(row.text, row.name)
            except SchemeError as error:
                report.problem("scheme", where, "a scheme that loads", error)
    return trusted
