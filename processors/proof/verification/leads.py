"""Checks that leads are what their journal says, that their claims are there, and that adopted texts are whole."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from policies.supervision.text import SupervisionTextError
from processors.delivery.names import LEADS_JOURNAL, SUPERVISION_JOURNAL
from processors.proof.verification.report import VerifyReport
from processors.supervision.adoption import adopted_texts
from processors.supervision.journal import leads_from_journal
from projections.leads import Lead, LeadRegister, load_leads

_CLAIMS_UNKNOWN = """
SELECT lead_id, claim_id FROM projections.leads CROSS JOIN LATERAL unnest(claims) AS claim_id
WHERE NOT EXISTS (SELECT FROM projections.claims WHERE claims.claim_id = claim_id.claim_id)
ORDER BY 1, 2
"""


async def check_leads(connection: AsyncConnection, report: VerifyReport) -> None:
    """Make the leads anew from their journal and compare them; read every supervision text that was adopted."""
    try:
        await adopted_texts(connection)
    except (LookupError, SupervisionTextError, ValueError) as error:
        report.problem("lead", f"journal {SUPERVISION_JOURNAL}", "events and rows that can be read", error)
    try:
        expected, found = await leads_from_journal(connection), LeadRegister(await load_leads(connection))
    except ValueError as error:
        report.problem("lead", f"journal {LEADS_JOURNAL}", "events and rows that can be read", error)
        return
    for lead_id in expected.differing(found):
        told = (_told(register.get(lead_id)) for register in (expected, found))
        report.problem("lead", f"lead {lead_id}", *told)
    for row in await connection.execute(text(_CLAIMS_UNKNOWN)):
        report.problem("lead", f"lead {row.lead_id}", f"claim {row.claim_id}", "no claim")


def _told(lead: Lead | None) -> str:
    if lead is None:
        return "none"
    return f"{lead.rule} {lead.severity} {yuan(lead.at_risk_total)}, {lead.state}, event {lead.changed}"
