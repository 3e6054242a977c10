"""A simulation's result for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.markup import escape

from infra.cli.output import note, stdout, table
from infra.words.simulations import KIND_NAMES, SHARES, SPREAD, answer, group_name
from processors.law.terms import LAYER_NAMES
from processors.simulation.totals import SimulationTotals

COLUMNS = ("项目 item", "原政策 baseline", "改革后 reform", "差额 difference")
STATIC = "静态测算：假定无人因此改变行为。Static: nobody is taken to change his behaviour"
GROUP_COLUMNS = (
    "组 group",
    "结算单 claims",
    "变动 changed",
    "各层支付 paid",
    "差额 difference",
    "个人负担 patient",
    "差额 difference",
)
SAME = {"1 yuan": "1 元以内算不变 within 1 yuan same", "1%": "1% 以内算不变 within 1% same"}
FUND_COLUMNS = {"spending": "支出 spending", "balance": "结余 balance", "months": "月数 months"}
MOVED = {"gain": "受益最多 who gain most", "lose": "受损最多 who lose most"}


def print_result(names: Sequence[str], result: Mapping[str, Any], hospitals: Mapping[str, str]) -> None:
    """Layers and shares side by side, then how many persons and claims the reform moves; ``hospitals`` are names."""
    stdout.print(f"[bold]{escape('，'.join(names))}[/]", highlight=False, soft_wrap=True)
    sides = [result[side] for side in ("baseline", "reform", "difference")]
    rows = [
        (f"{LAYER_NAMES[layer]} {layer}", *(_shown(side["paid"][layer]) for side in sides))
        for layer in result["baseline"]["paid"]
    ]
    rows += [(f"{chinese} {share}", *(_shown(side[share]) for side in sides)) for share, chinese in SHARES.items()]
    table("测算（元，未入账） Simulation (yuan, nothing booked)", COLUMNS, rows, right=(1, 2, 3))
    note(answer(result))
    note(_moved(result))
    for each in result.get("reforms", ()):
        alone, stacked = each["alone"], each["stacked"]
        rows = [
            (f"{LAYER_NAMES[layer]} {layer}", alone["difference"]["paid"][layer], stacked["difference"]["paid"][layer])
            for layer in result["baseline"]["paid"]
        ]
        columns = ("保障线 layer", "单独 alone", "与前面各项一起 with those before")
        table(f"{each['name']}（差额 difference）", columns, rows, right=(1, 2))
    for kind, groups in result.get("by", {}).items():
        rows = [
            (
                group_name(kind, each["key"], hospitals),
                _shown(each["claims"]["all"]),
                _shown(each["claims"]["changed"]),
                *(
                    _shown(each[side][sum_])
                    for sum_ in ("paid", "patient_share")
                    for side in ("baseline", "difference")
                ),
            )
            for each in groups
        ]
        table(f"{KIND_NAMES[kind]} by {kind}", GROUP_COLUMNS, rows, right=(1, 2, 3, 4, 5, 6))
    _print_persons(result)
    for fund in result.get("funds", ()):
        courses = [
            (str(before["year"]), *(_shown(year[key]) for year in (before, after) for key in FUND_COLUMNS))
            for before, after in zip(fund["baseline"], fund["reform"], strict=True)
        ]
        headings = ("年度 year", *(f"{side}{name}" for side in ("原 ", "改后 ") for name in FUND_COLUMNS.values()))
        table(f"{fund['fund']} 今后可支付月数 months payable", headings, courses, right=(1, 2, 3, 4, 5, 6))
    ledger = result["ledger"]
    note(f"账本位置 position {ledger['position']}，{ledger['hash']}；测算标识 identity {result['identity']}")
    note(STATIC)


def _print_persons(result: Mapping[str, Any]) -> None:
    """What persons and households bear, and who are moved most, as far as that was asked for."""
    if "burdens" in result:
        _print_burdens(result["burdens"])
    for side, persons in result.get("moved", {}).items():
        rows = [
            (each["person_id"], each["baseline"]["borne"], each["reform"]["borne"], each["difference"])
            for each in persons
        ]
        table(f"{MOVED[side]}（元 yuan）", ("参保人 person", *COLUMNS[1:]), rows, right=(1, 2, 3))
    if "households" in result:
        households = result["households"]
        years = [tuple(map(_shown, year.values())) for year in households["years"]]
        columns = ("年度 year", "户数 households", *COLUMNS[1:3])
        table(f"年负担超过 {households['line']} 元的户 Households that bear more", columns, years, right=(1, 2, 3))


def _print_burdens(burdens: Mapping[str, Any]) -> None:
    spread = [
        (f"{chinese} {name}", _shown(burdens["baseline"][name]), _shown(burdens["reform"][name]))
        for name, chinese in SPREAD.items()
    ]
    table("个人负担的分布（元） What persons bear (yuan)", COLUMNS[:3], spread, right=(1, 2))
    moved = [(SAME[name], *map(_shown, counts.values())) for name, counts in burdens["within"].items()]
    table("受益与受损 Gain and lose", ("算法 by", "受益 gain", "受损 lose", "不变 same"), moved, right=(1, 2, 3))


def _moved(result: Mapping[str, Any]) -> str:
    persons, claims = result["persons"], result["claims"]
    return (
        f"参保人 persons: {persons['all']}，受益 gain {_shown(persons['gain'])}，受损 lose {_shown(persons['lose'])}，"
        f"不变 same {_shown(persons['same'])}；结算单 claims: {claims['all']}，变动 changed "
        f"{_shown(claims['changed'])}；{result['seconds']} s"
    )


def _shown(value: Any) -> str:
    """A figure; nothing where there is none, or it is hidden."""
    return "—" if value is None else str(value)


def unlike_lines(totals: SimulationTotals) -> Iterator[str]:
    """Whose books are not what settling anew gives: without them there is no baseline to compare with."""
    for each in totals.unlike:
        yield (
            f"参保人 person {each.person_id}，{each.where}：重算为 settled anew {each.expected}，账上为 booked "
            f"{each.booked}"
        )
    yield (
        f"账上与重算不一致的参保人 {totals.unlike_count} 名，不能测算；请先 claims verify。The books of so many "
        "persons are not what settling them anew gives: see claims verify"
    )
