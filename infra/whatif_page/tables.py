"""A simulation's result as tables, for every kind of file that reports are written to."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from infra.words.simulations import KIND_NAMES, SHARES, SPREAD, group_name
from policies.explain import line
from processors.finance.reports import Field, Report
from processors.law.terms import LAYER_NAMES

Row = Mapping[str, Any]
Result = Mapping[str, Any]
_SIDES = (
    Field("baseline", "原政策", "money"),
    Field("reform", "改革后", "money"),
    Field("difference", "差额", "money"),
)
_PERSON, _SIDE = Field("person_id", "参保人", "text"), Field("side", "受益或受损", "text")

AMOUNTS = Report("amounts", "测算 Simulation", "", (Field("item", "项目", "text"), *_SIDES), ())
BURDENS = Report("burdens", "个人负担的分布 What persons bear", "", (Field("measure", "指标", "text"), *_SIDES[:2]), ())
GROUPS = Report(
    "groups",
    "分组 Groups",
    "",
    (
        *(Field("kind", "分组方式", "text"), Field("key", "组", "text"), Field("group", "组名", "text")),
        *(Field("persons", "参保人", "count"), Field("persons_changed", "变动人数", "count")),
        *(Field("claims", "结算单", "count"), Field("claims_changed", "变动单数", "count")),
        *(Field("paid", "各层支付", "money"), Field("paid_difference", "支付差额", "money")),
        *(Field("patient_share", "个人负担", "money"), Field("patient_difference", "个人负担差额", "money")),
    ),
    (),
)
HOUSEHOLDS = Report(
    "households",
    "高负担户 Households beyond the line",
    "",
    (
        *(Field("year", "年度", "count"), Field("line", "年负担线", "money"), Field("households", "户数", "count")),
        *(Field("baseline", "原政策超线", "count"), Field("reform", "改革后超线", "count")),
    ),
    (),
)
FUNDS = Report(
    "funds",
    "基金 Funds",
    "",
    (
        *(Field("fund", "基金", "text"), Field("year", "年度", "count"), Field("side", "政策", "text")),
        *(Field("spending", "支出", "money"), Field("balance", "累计结余", "money")),
        Field("months", "可支付月数", "text"),
    ),
    (),
)
MOVED = Report("moved", "变动最多的人 Who are moved most", "", (_SIDE, _PERSON, *_SIDES), ())
TRACES = Report(
    "traces",
    "变动最多的人的算式 Traces",
    "",
    (
        *(_PERSON, Field("claim_id", "结算单", "text"), Field("date", "日期", "text")),
        *(Field("layer", "保障线", "text"), Field("baseline", "原政策", "money"), Field("reform", "改革后", "money")),
        *(Field("baseline_steps", "原政策算式", "text"), Field("reform_steps", "改革后算式", "text")),
    ),
    (),
)


def tables(result: Result, hospitals: Mapping[str, str]) -> list[tuple[Report, list[Row]]]:
    """The tables that a result has, each with its rows; amounts are Decimals, None where they are hidden.

    ``hospitals`` are the names of those that the ledger knows.
    """
    found: list[tuple[Report, list[Row]]] = [(AMOUNTS, list(_amounts(result)))]
    if "by" in result:
        by = [(kind, group) for kind, groups in result["by"].items() for group in groups]
        found.append((GROUPS, [_group(kind, group, hospitals) for kind, group in by]))
    if "burdens" in result:
        found.append((BURDENS, [{"measure": name} | _sides(result["burdens"], name) for name in SPREAD]))
    if "households" in result:
        line_ = Decimal(result["households"]["line"])
        found.append((HOUSEHOLDS, [{**year, "line": line_} for year in result["households"]["years"]]))
    if "funds" in result:
        found.append((FUNDS, [row for fund in result["funds"] for row in _fund(fund)]))
    if "moved" in result:
        moved = [(side, person) for side, persons in result["moved"].items() for person in persons]
        found.append((MOVED, [_moved(side, person) for side, person in moved]))
        found.append((TRACES, [row for _, person in moved for row in _traces(person)]))
    return found


def amount(value: str | None) -> Decimal | None:
    """An amount of the result in yuan; None where it is hidden."""
    return None if value is None else Decimal(value)


def layer_pairs(person_claim: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Of a claim that moves each layer that decided anything, with what it paid and its steps under both laws."""
    sides = [{each["layer"]: each for each in person_claim[side]["layers"]} for side in ("baseline", "reform")]
    none = {"paid": "0.00", "steps": []}
    for layer in dict.fromkeys([*sides[0], *sides[1]]):
        yield layer, sides[0].get(layer, none), sides[1].get(layer, none)


def _amounts(result: Result) -> Iterator[Row]:
    for layer in result["baseline"]["paid"]:
        yield {
            "item": LAYER_NAMES[layer],
            **{side.name: amount(result[side.name]["paid"][layer]) for side in _SIDES},
        }
    for share, name in SHARES.items():
        yield {"item": name, **{side.name: amount(result[side.name][share]) for side in _SIDES}}


def _sides(burdens: Mapping[str, Any], name: str) -> dict[str, Decimal | None]:
    return {side: amount(burdens[side][name]) for side in ("baseline", "reform")}


def _group(kind: str, group: Mapping[str, Any], hospitals: Mapping[str, str]) -> Row:
    return {
        "kind": KIND_NAMES[kind],
        "key": group["key"],
        "group": group_name(kind, group["key"], hospitals),
        "persons": group["persons"]["all"],
        "persons_changed": group["persons"]["changed"],
        "claims": group["claims"]["all"],
        "claims_changed": group["claims"]["changed"],
        "paid": amount(group["baseline"]["paid"]),
        "paid_difference": amount(group["difference"]["paid"]),
        "patient_share": amount(group["baseline"]["patient_share"]),
        "patient_difference": amount(group["difference"]["patient_share"]),
    }


def _fund(fund: Mapping[str, Any]) -> Iterator[Row]:
    for side, name in (("baseline", "原政策"), ("reform", "改革后")):
        for year in fund[side]:
            amounts = {key: amount(year[key]) for key in ("spending", "balance")}
            yield {"fund": fund["fund"], "side": name, "year": year["year"], "months": year["months"], **amounts}


def _moved(side: str, person: Mapping[str, Any]) -> Row:
    borne = {name: amount(person[name]["borne"]) for name in ("baseline", "reform")}
    return {"side": side, "person_id": person["person_id"], **borne, "difference": amount(person["difference"])}


def _traces(person: Mapping[str, Any]) -> Iterator[Row]:
    for claim in person["claims"]:
        for layer, before, after in layer_pairs(claim):
            yield {
                "person_id": person["person_id"],
                "claim_id": claim["claim_id"],
                "date": claim["date"],
                "layer": LAYER_NAMES[layer],
                "baseline": amount(before["paid"]),
                "reform": amount(after["paid"]),
                "baseline_steps": "\n".join(map(line, before["steps"])),
                "reform_steps": "\n".join(map(line, after["steps"])),
            }
