"""Who may what: one table for pages, exports and jobs, by the groups of the database that hold the rights.

It says what is shown and offered. PostgreSQL decides: each session works on connections of its own login.
"""

from collections.abc import Mapping
from enum import StrEnum

READERS = frozenset({"investigator", "ledger_writer", "payee_keeper", "identity_keeper"})
"""Who may read the whole ledger."""
WRITERS = frozenset({"ledger_writer", "payee_keeper", "identity_keeper"})
"""Who may book steps and send events."""
GROUP_NAMES: Mapping[str, str] = {
    "ledger_writer": "经办：登记、清算、提交",
    "finance_reader": "财务：只看汇总报表",
    "leader": "领导：领导一页和汇总报表，看不到参保人",
    "investigator": "稽核：查阅全部，不登记",
    "payee_keeper": "收款账户：经办，并保管账户",
    "identity_keeper": "参保人登记：经办，并保管姓名和证件号",
    "gateway": "接口服务：仅供程序使用，不能登录控制台",
}
"""What a role of a login is called, and what it may."""


class Permission(StrEnum):
    """What a route asks of its visitor; the value is its name on the page that refuses."""

    HOME = "首页 home"
    SEARCH = "查询 search"
    PERSONS = "参保人 persons"
    CLAIMS = "结算单 claims"
    HOSPITALS = "医疗机构 hospitals"
    CHANGES = "改动 changes"
    LEADS = "疑点 leads"
    LEADS_STEP = "办理疑点 steps on leads"
    CASES = "案件 cases"
    CASES_STEP = "办理案件 steps of cases"
    REGISTERS = "台账 registers"
    SCORECARDS = "医院考核 scorecards"
    FINANCE = "财务报表 finance"
    FINANCE_PERSONS = "列出参保人或户的报表 reports that name persons"
    FUNDS = "基金账户 funds"
    FUNDS_STEP = "登记基金账户 steps on funds"
    CLEARING = "清算 clearing"
    CLEARING_STEP = "办理清算 steps of clearing"
    PAYEES = "收款账户和银行文件 payees and payment files"
    ROSTERS = "名册 rosters"
    ROSTERS_STEP = "报送名册 lists of rosters"
    WINDOW = "窗口 window"
    WINDOW_STEP = "窗口提交 bills at the window"
    LAW = "政策 law"
    LAW_STEP = "采用政策 adoption of law"
    SIMULATION = "政策测算 simulation"
    LEADER = "领导一页 leader"
    OPERATIONS = "运行 operations"
    OPERATIONS_STEP = "运行操作 steps of operations"
    OWNER = "数据库所有者 the owner's work"
    PROOF = "核对 proof"
    ACCESS = "查阅记录 records of looks"


GROUPS_OF: Mapping[Permission, frozenset[str]] = {
    Permission.HOME: READERS | {"finance_reader", "leader"},
    Permission.SEARCH: READERS,
    Permission.PERSONS: READERS,
    Permission.CLAIMS: READERS,
    Permission.HOSPITALS: READERS,
    Permission.CHANGES: READERS,
    Permission.LEADS: READERS,
    Permission.LEADS_STEP: WRITERS,
    Permission.CASES: READERS,
    Permission.CASES_STEP: WRITERS,
    Permission.REGISTERS: READERS,
    Permission.SCORECARDS: READERS,
    Permission.FINANCE: READERS | {"finance_reader", "leader"},
    Permission.FINANCE_PERSONS: READERS | {"finance_reader"},
    Permission.FUNDS: READERS,
    Permission.FUNDS_STEP: WRITERS,
    Permission.CLEARING: READERS,
    Permission.CLEARING_STEP: WRITERS,
    Permission.PAYEES: frozenset({"payee_keeper"}),
    Permission.ROSTERS: READERS,
    Permission.ROSTERS_STEP: WRITERS,
    Permission.WINDOW: WRITERS,
    Permission.WINDOW_STEP: WRITERS,
    Permission.LAW: READERS,
    Permission.LAW_STEP: WRITERS,
    Permission.SIMULATION: READERS,
    Permission.LEADER: READERS | {"leader"},
    Permission.OPERATIONS: READERS,
    Permission.OPERATIONS_STEP: WRITERS,
    Permission.OWNER: frozenset(),
    Permission.PROOF: READERS,
    Permission.ACCESS: frozenset({"investigator"}),
}
"""The groups of docs/access.md whose members have a permission. The database's owner has all of them."""


def permissions_of(groups: frozenset[str], *, is_owner: bool) -> frozenset[Permission]:
    """What a login may, by its groups."""
    return frozenset(each for each, allowed in GROUPS_OF.items() if is_owner or groups & allowed)


def holders_of(permission: Permission) -> str:
    """Which roles have a permission, by their Chinese names; the owner of the database has every one."""
    names = [name.partition("：")[0] for group, name in GROUP_NAMES.items() if group in GROUPS_OF[permission]]
    return "、".join([*names, "数据库所有者"])
