"""A simulation's result for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.markup import escape

from infra.cli.output import note, stdout, table
from processors.law.terms import LAYER_NAMES
from processors.simulation.totals import SimulationTotals

COLUMNS = ("项目 item", "原政策 baseline", "改革后 reform", "差额 difference")
STATIC = "静态测算：假定无人因此改变行为。Static: nobody is taken to change his behaviour"
KIND_NAMES = {
    "year": "按年度",
    "category": "按救助对象类别",
    "hospital": "按医院",
    "tier": "按医院等级",
    "disease": "按病种",
    "age": "按年龄",
}
GROUP_COLUMNS = (
    "组 group",
    "结算单 claims",
    "变动 changed",
    "各层支付 paid",
    "差额 difference",
    "个人负担 patient",
    "差额 difference",
)
SHARES = {"patient_share": "个人负担", "hospital_share": "医院承担", "grants": "补助"}


def print_result(names: Sequence[str], result: Mapping[str, Any]) -> None:
    """Layers and shares side by side, then how many persons and claims the reform moves."""
    stdout.print(f"[bold]{escape('，'.join(names))}[/]", highlight=False, soft_wrap=True)
    sides = [result[side] for side in ("baseline", "reform", "difference")]
    rows = [
        (f"{LAYER_NAMES[layer]} {layer}", *(side["paid"][layer] for side in sides))
        for layer in result["baseline"]["paid"]
    ]
    rows += [(f"{chinese} {share}", *(side[share] for side in sides)) for share, chinese in SHARES.items()]
    table("测算（元，未入账） Simulation (yuan, nothing booked)", COLUMNS, rows, right=(1, 2, 3))
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
                each["key"],
                str(each["claims"]["all"]),
                str(each["claims"]["changed"]),
                *(each[side][sum_] for sum_ in ("paid", "patient_share") for side in ("baseline", "difference")),
            )
            for each in groups
        ]
        table(f"{KIND_NAMES[kind]} by {kind}", GROUP_COLUMNS, rows, right=(1, 2, 3, 4, 5, 6))
    ledger = result["ledger"]
    note(f"账本位置 position {ledger['position']}，{ledger['hash']}；测算标识 identity {result['identity']}")
    note(STATIC)


def _moved(result: Mapping[str, Any]) -> str:
    persons, claims = result["persons"], result["claims"]
    return (
        f"参保人 persons: {persons['all']}，受益 gain {persons['gain']}，受损 lose {persons['lose']}，不变 same "
        f"{persons['same']}；结算单 claims: {claims['all']}，变动 changed {claims['changed']}；{result['seconds']} s"
    )


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
