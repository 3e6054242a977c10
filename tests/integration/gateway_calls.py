"""What is typed at the commands of what the gateway keeps, an odd argument where they take one."""

from pathlib import Path


def gateway_calls(folder: Path, odd: str) -> dict[str, list[tuple[object, ...]]]:
    """By command; ``odd`` is the text that shall not steer a terminal."""
    who = ("--actor", "wang")
    entries = folder / "catalogue.csv"
    entries.write_text(f"目录编码,名称,种类,等级,生效日期,{odd}\nX1,药,药品,甲,2026-01-01,{odd}\n", encoding="utf-8")
    faulty = folder / "faulty.csv"
    faulty.write_text(f"目录编码,名称,种类,等级,生效日期\n{odd},{odd},{odd},{odd},{odd}\n", encoding="utf-8")
    listed = folder / "persons.csv"
    listed.write_text(
        f"参保人编号,姓名,身份证号,{odd}\nP1,{odd},999999199001010016,x\n{odd},测,{odd},x\n", encoding="utf-8"
    )
    named = folder / "named.csv"
    named.write_text("参保人编号,姓名,身份证号\nP1,测甲,999999199001010016\n", encoding="utf-8")
    return {
        "catalogue import": [("catalogue", "import", each, *who) for each in (entries, faulty)],
        "catalogue list": [("catalogue", "list"), ("catalogue", "list", "--code", odd, "--region", odd)],
        "gateway new-key": [("gateway", "new-key")],
        "gateway hospitals add": [
            ("gateway", "hospitals", "add", "H1", *who, "--med-type", "2101=inpatient"),
            ("gateway", "hospitals", "add", "H2", *who, "--code", f"disease:{odd}=diabetes"),
            ("gateway", "hospitals", "add", "H2", "--actor", odd, "--network", odd),
            ("gateway", "hospitals", "add", odd, *who),
        ],
        "gateway hospitals change": [
            ("gateway", "hospitals", "change", "H1", *who, "--code", f"disease:D1={odd}", "--secret", odd),
            ("gateway", "hospitals", "change", "H9", *who, "--sm4-key", odd),
        ],
        "gateway hospitals list": [("gateway", "hospitals", "list"), ("gateway", "hospitals", "list", "--history")],
        "gateway applications": [("gateway", "applications"), ("gateway", "applications", "--month", odd)],
        "gateway prune": [("gateway", "prune", *who), ("gateway", "prune", "--actor", odd, "--older-than", "40")],
        "gateway hospitals end": [("gateway", "hospitals", "end", each, *who) for each in (odd, "H1")],
        "gateway lines": [("gateway", "lines", each) for each in (odd, "C1")],
        "gateway looks": [
            ("gateway", "looks"),
            ("gateway", "looks", "--person", odd),
            ("gateway", "looks", "--hospital", odd),
        ],
        **_key_calls(odd, who),
        "gateway rotate-key": [("gateway", "rotate-key")],
        "persons new-key": [("persons", "new-key")],
        "persons import": [("persons", "import", each, *who) for each in (listed, named)],
        "persons find": [
            ("persons", "find", "--certificate", odd),
            ("persons", "find", "--psn-no", odd),
            ("persons", "find", "--psn-no", "P1", "--reason", odd),
            ("persons", "find", "--psn-no", "P1", "--whole"),
        ],
        "persons rotate-key": [("persons", "rotate-key")],
        "persons template": [("persons", "template", "--out", folder / f"{odd}.xlsx")],
        "catalogue template": [("catalogue", "template", "--out", folder / f"{odd}.xlsx")],
        "sheet": [("sheet", "C1", "--out", folder / "C1.html"), ("sheet", odd, "--out", folder / "x.html")],
        "sandbox": [("sandbox", "--listen", odd)],
        "sandbox certify": [("sandbox", "certify", "--url", odd)],
        "sandbox report": [("sandbox", "report")],
    }


def _key_calls(odd: str, who: tuple[object, ...]) -> dict[str, list[tuple[object, ...]]]:
    return {
        "gateway keys add": [
            ("gateway", "keys", "add", "his", "--source", "hospital/H1", *who),
            ("gateway", "keys", "add", odd, "--source", "hospital/H1", *who),
            ("gateway", "keys", "add", "his", "--source", odd, *who),
        ],
        "gateway keys list": [("gateway", "keys", "list")],
        "gateway keys end": [
            ("gateway", "keys", "end", "none", "--source", each, *who) for each in (odd, "hospital/H1")
        ],
    }
