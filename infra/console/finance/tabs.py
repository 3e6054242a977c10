"""The pages of finance beside each other, as far as a visitor may open them."""

from collections.abc import Sequence
from typing import NamedTuple

from infra.console.finance.report_pages import REPORT_PAGES
from infra.console.permissions import Permission
from infra.console.visitor import Visitor


class Tab(NamedTuple):
    """A page of finance."""

    path: str
    chinese: str
    english: str
    permission: Permission


TABS = (
    Tab("/finance", "概览", "overview", Permission.FINANCE),
    *(
        Tab(
            f"/finance/{page.path}",
            page.chinese,
            page.english,
            Permission.FINANCE_PERSONS if page.report.personal else Permission.FINANCE,
        )
        for page in REPORT_PAGES.values()
        if page.path != "payment-claims"
    ),
    Tab("/finance/funds", "基金账户", "Funds", Permission.FUNDS),
    Tab("/finance/receivables", "应收款", "Receivables", Permission.FUNDS),
    Tab("/finance/advances", "临时救急借款", "Advances", Permission.FUNDS),
    Tab("/finance/prepayments", "预拨", "Prepayments", Permission.FUNDS),
    Tab("/finance/premiums", "保费", "Premiums", Permission.FUNDS),
    Tab("/finance/fines", "罚款", "Fines", Permission.FUNDS),
    Tab("/finance/reconciliation", "医院对账", "Reconciliation", Permission.FUNDS),
    Tab("/finance/published", "公布数", "Published", Permission.FINANCE),
)


def tabs_of(visitor: Visitor) -> Sequence[Tab]:
    """The tabs that a visitor may open."""
    return [tab for tab in TABS if visitor.may(tab.permission)]
