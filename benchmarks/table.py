"""The figures as a table for people and as build/bench.json (docs/contract.md#figures)."""

import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.bench import Bench
from benchmarks.gateway import WALK, WALK_RATE
from benchmarks.throughput import CORES

Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class Target:
    """What issue 4 asks of a figure: at least, or at most, a value."""

    value: float
    at_most: bool = False

    def met(self, measured: float) -> bool:
        """Whether a figure is as good as wanted."""
        return measured <= self.value if self.at_most else measured >= self.value

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.value:,g}"


OURS = f"throughput_{CORES}"
THROUGHPUT = Target(1_500)
RATIOS = {
    "orm": ("one ORM transaction a claim", Target(4)),
    "eventsourcing": ("eventsourcing library", Target(4)),
    "floor": ("floor: same rows, no broker, no rules", Target(0.4)),
}
P99_MS = {50: Target(60, at_most=True), 150: Target(150, at_most=True)}
GATEWAY_P99_MS = {50: Target(120, at_most=True), 150: Target(250, at_most=True)}
BESIDE_P99_MS = Target(500, at_most=True)
PAYOUT_LAG_MS = Target(1_000, at_most=True)
PAGE_P95_MS = Target(300, at_most=True)
REBUILD = Target(50_000)
VERIFY = Target(5_000)
GROWTH = Target(0.9)
"""Throughput over the larger ledger beside that over the smaller."""


def draw(bench: Bench, console: Console) -> None:
    """Print what was measured, each figure the median of its runs, beside what is wanted."""
    options = bench.options
    table = Table(
        title="claims-ledger · bench",
        caption=(
            f"{os.cpu_count()} cores, {platform.machine()}, fsync on, NATS sync_interval always. claims/s = accepted "
            f"claims / seconds, {options.claims:,} claims lying in INTAKE with all that goes with them (admissions, "
            "corrections, reversals, audits, late rosters) when the clock starts; hospitals, enrolments, rosters and "
            "cards are settled before. Peers: admissions and bills alone. Medians of the runs counted."
        ),
    )
    table.add_column("figure")
    for title in ("measured", "target", "runs"):
        table.add_column(title, justify="right")
    for row in _rows(bench):
        table.add_row(*row)
    console.print(table)


def figures(bench: Bench) -> dict[str, Any]:
    """The figures of docs/contract.md#figures, None where a suite was not run, and more."""
    median = bench.median
    growth = [
        {
            "ledger_claims": size,
            "throughput_claims_per_s": median(f"growth_{size}"),
            "verify_claims_per_s": median(f"growth_{size}_verify"),
            "rebuild_events_per_s": median(f"growth_{size}_rebuild"),
            "peak_rss_mb": median(f"growth_{size}_peak_rss_mb"),
        }
        for size in bench.options.growth
        if median(f"growth_{size}") is not None
    ]
    latencies = {str(rate): bench.figures.get(f"latency_{rate}") for rate in bench.options.rates}
    shown: dict[str, Any] = _rounded(
        {
            "claims": bench.options.claims,
            "throughput_claims_per_s": median(OURS),
            "orm_claims_per_s": median("orm"),
            "eventsourcing_claims_per_s": median("eventsourcing"),
            "floor_claims_per_s": median("floor"),
            "latency_ms": latencies,
            "rebuild_events_per_s": median("rebuild"),
            "verify_claims_per_s": median("verify"),
            "whatif_claims_per_s": median("whatif"),
            "engine_claims_per_s": median("engine"),
            "peak_rss_mb": median("peak_rss_mb"),
            "growth": growth,
            "ratios": {name: ratio(bench, name) for name in RATIOS},
            "workers": {str(count): median(f"throughput_{count}") for count in bench.options.workers},
            "steps_us": bench.figures.get("steps_us"),
            "payout_lag_ms": {str(rate): bench.figures.get(f"payout_lag_{rate}") for rate in bench.options.rates},
            "latency_beside_resettlement_ms": bench.figures.get("latency_beside"),
            "beside_floods_ms": bench.figures.get("floods"),
            "gateway_latency_ms": bench.figures.get("gateway"),
            "latency_beside_console_ms": bench.figures.get("beside_console"),
            "console_latency_ms": bench.figures.get("console"),
            "console_claims": bench.figures.get("console_claims"),
            "cpu_us_per_claim": {name[7:]: median(name) for name in bench.samples if name.startswith("cpu_us_")},
            "samples": bench.samples,
        }
    )
    return shown


def write(bench: Bench, path: Path) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures(bench), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def ratio(bench: Bench, peer: str) -> float | None:
    """Our throughput over a peer's, None where one of them was not measured."""
    ours, theirs = bench.median(OURS), bench.median(peer)
    return None if ours is None or theirs is None else ours / theirs


def _rows(bench: Bench) -> Iterator[Row]:
    for count in bench.options.workers:
        wanted = THROUGHPUT if count == CORES else None
        yield from _sampled(bench, f"throughput_{count}", f"throughput, {count} worker(s), claims/s", wanted)
        if count == CORES:
            for part in ("python", "postgres", "nats"):
                yield from _sampled(bench, f"cpu_us_{part}", f"  of it {part}, CPU µs a claim", None)
            yield from _sampled(bench, "peak_rss_mb", "  peak RSS of the largest worker, MB", None)
    for peer, (title, target) in RATIOS.items():
        yield from _sampled(bench, peer, f"{title}, claims/s", None)
        for part in ("python", "postgres"):
            yield from _sampled(bench, f"cpu_us_{peer}_{part}", f"  of it {part}, CPU µs a claim", None)
        value = ratio(bench, peer)
        if value is not None:
            yield _row(f"  throughput : {peer}", value, target, "", "{:.2f}".format)
    yield from _by_rate(bench)
    beside = bench.figures.get("latency_beside")
    yield from _latency(beside, "discharge to answer at 50/s beside a re-settlement", BESIDE_P99_MS)
    for who, found in (bench.figures.get("floods") or {}).items():
        yield from _latency(found, f"another's {who}", _beside_flood(bench) if who.startswith("claims") else None)
    yield from _sampled(bench, "rebuild", "rebuild of all projections, ledger entries/s", REBUILD)
    yield from _sampled(bench, "verify", "verify, claims/s", VERIFY)
    yield from _sampled(bench, "whatif", "simulation of a reform, facts kept, claims/s", None)
    yield from _sampled(bench, "engine", "engine alone, claims/s", None)
    for step, spent in (bench.figures.get("steps_us") or {}).items():
        yield _row(f"  {step}, CPU µs", spent, None, "", "{:.1f}".format)
    for size in bench.options.growth:
        yield from _sampled(bench, f"growth_{size}", f"throughput over {size:,} settled claims, claims/s", None)
        yield from _sampled(bench, f"growth_{size}_verify", "  verify there, claims/s", None)
        yield from _sampled(bench, f"growth_{size}_rebuild", "  rebuild there, ledger entries/s", None)
        yield from _sampled(bench, f"growth_{size}_peak_rss_mb", "  peak RSS of the largest worker, MB", None)
    yield from _growth(bench)
    beside = bench.figures.get("beside_console")
    yield from _latency(beside, "discharge to answer at 50/s beside the console", BESIDE_P99_MS)
    for page, found in (bench.figures.get("console") or {}).items():
        title = f"console, {page}, ms p95 (p50 {found['p50']:,.0f}, p99 {found['p99']:,.0f})"
        yield _row(title, found["p95"], PAGE_P95_MS, "1", "{:,.0f}".format)


def _by_rate(bench: Bench) -> Iterator[Row]:
    for rate in bench.options.rates:
        yield from _latency(bench.figures.get(f"latency_{rate}"), f"discharge to answer at {rate}/s", P99_MS.get(rate))
        yield from _latency(bench.figures.get(f"payout_lag_{rate}"), f"booking to its payer at {rate}/s", PAYOUT_LAG_MS)
    gateway = bench.figures.get("gateway") or {}
    for rate in bench.options.rates:
        title = f"settlement over HTTP (2304) at {rate}/s"
        yield from _latency(gateway.get(str(rate)), title, GATEWAY_P99_MS.get(rate))
    yield from _latency(gateway.get(WALK), f"a stay over HTTP (2401 to 2304) at {WALK_RATE}/s", None)


def _beside_flood(bench: Bench) -> Target | None:
    """Twice the goal at the rate, where there is one."""
    goal = P99_MS.get(bench.options.rates[0])
    return None if goal is None else Target(2 * goal.value, at_most=True)


def _growth(bench: Bench) -> Iterator[Row]:
    small, large = (
        bench.median(f"growth_{min(bench.options.growth)}"),
        bench.median(f"growth_{max(bench.options.growth)}"),
    )
    if small is not None and large is not None and small is not large:
        yield _row("  largest : smallest ledger", large / small, GROWTH, "", "{:.2f}".format)


def _sampled(bench: Bench, name: str, title: str, target: Target | None) -> Iterator[Row]:
    value = bench.median(name)
    if value is not None:
        yield _row(title, value, target, str(len(bench.samples[name])), "{:,.0f}".format)


def _latency(found: dict[str, float] | None, title: str, target: Target | None) -> Iterator[Row]:
    for name, value in (found or {}).items():
        wanted = target if name == "p99" else None
        label = f"{title}, {name} ms" if name.startswith("p") and len(name) == 3 else f"  {name}"
        yield _row(label, value, wanted, "1", "{:,.1f}".format)


def _row(title: str, value: float, target: Target | None, runs: str, shown: Callable[[float], str]) -> Row:
    mark = "" if target is None else (" ✓" if target.met(value) else " ✗")
    return title, shown(value) + mark, str(target or ""), runs


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 3)
        case dict():
            return {name: _rounded(part) for name, part in value.items()}
        case list():
            return [_rounded(part) for part in value]
        case _:
            return value
