"""What is typed for the commands of cases and the blacklist, with odd text wherever a command takes text."""

Calls = dict[str, list[tuple[object, ...]]]


def case_calls(region: str, odd: str) -> Calls:
    """By command what is typed; the first case is opened on hospital H1 with words that steer a terminal."""
    who, other, why = ("--actor", "wang"), ("--actor", "li"), ("--reason", odd)
    paper = ("--document", odd)
    officers = ("--officer", "chen", "--officer", "zhou")
    opened = ("cases", "open", "report", "--region", region, "--kind", "hospital", *officers, *who)
    case = f"{region}-C1"
    found = ("--what", odd, "--clause", odd, "--from", "2019-03-01", "--until", "2019-03-02", *who)
    meant = ("--basis", odd, *paper, *who, *why)
    return {
        "cases open": [
            (*opened, "--subject", "H1", "--document", "D1", "--reason", "举报"),
            (*opened, "--subject", odd, *paper, *why),
        ],
        "cases hit-rate": [("cases", "hit-rate")],
        "cases note": [
            ("cases", "note", case, "--kind", "note", *who, *why),
            ("cases", "note", odd, "--kind", "note", *who, *why),
        ],
        "cases finding": [
            ("cases", "finding", case, *found, "--claim", f"C1={odd}"),
            ("cases", "finding", case, "--what", "x", "--clause", "y", *found[4:], "--amount", "100"),
        ],
        "cases dismiss": [("cases", "dismiss", odd, *who, *why)],
        "cases measure": [
            ("cases", "measure", case, "talk", *meant),
            ("cases", "measure", case, "talk", "--basis", "x", "--document", "D2", *who, "--reason", "约谈"),
        ],
        "cases drop": [("cases", "drop", odd, *who, *why)],
        "cases propose": [
            ("cases", "propose", case, *paper, *who, *why),
            ("cases", "propose", case, "--document", "D3", *who, "--reason", "清楚"),
        ],
        "cases return": [("cases", "return", odd, *other, *why)],
        "cases decide": [
            ("cases", "decide", odd, *paper, *other, *why),
            ("cases", "decide", case, "--document", "D4", *other, "--reason", "同意"),
        ],
        "cases pay": [("cases", "pay", odd, "--amount", "1", "--on", "2019-04-01", "--reference", odd, *who)],
        "cases reverse-payment": [("cases", "reverse-payment", odd, "--reference", odd, *other, *why)],
        "cases answer": [("cases", "answer", odd, "--on", "2019-04-01", *who, *why)],
        "cases close": [("cases", "close", odd, *who, *why)],
        **_list_calls(case, odd),
        **_blacklist_calls(odd),
        "cases inspect": [
            ("cases", "inspect", odd, "--region", region, *officers, *paper, *who, *why),
            ("cases", "inspect", "H1", "--region", region, *officers, "--document", "D5", *who, "--reason", "现场"),
        ],
        "cases withdraw-inspection": [("cases", "withdraw-inspection", odd, *other, *why)],
        "cases year": [("cases", "year", "--year", "2019", "--region", region)],
    }


def _list_calls(case: str, odd: str) -> Calls:
    return {
        "cases list": [("cases", "list"), ("cases", "list", "--region", odd)],
        "cases show": [("cases", "show", case), ("cases", "show", odd)],
        "cases measures": [("cases", "measures"), ("cases", "measures", "--case", odd)],
        "cases inspections": [("cases", "inspections"), ("cases", "inspections", "--hospital", odd)],
        "cases overdue": [("cases", "overdue"), ("cases", "overdue", "--on", odd)],
        "cases send": [("cases", "send")],
        "cases rebuild": [("cases", "rebuild")],
    }


def _blacklist_calls(odd: str) -> Calls:
    who, other, why, paper = ("--actor", "wang"), ("--actor", "li"), ("--reason", odd), ("--document", odd)
    return {
        "blacklist enter": [
            (
                *("blacklist", "enter", odd, "--effect", "published", "--basis", odd, *paper),
                *("--from", "2031-01-01", "--until", "2032-01-01", *who, *why),
            ),
        ],
        "blacklist approve": [("blacklist", "approve", odd, *other)],
        "blacklist remove": [("blacklist", "remove", odd, "--on", "2031-02-01", *paper, *who, *why)],
        "blacklist withdraw": [("blacklist", "withdraw", odd, *who, *why)],
        "blacklist list": [("blacklist", "list"), ("blacklist", "list", "--subject", odd)],
    }
