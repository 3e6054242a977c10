"""What all suites share: the options, the prepared servers, the figures gathered so far."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.load import Load, make_load
from benchmarks.servers import Meter, ServerTemplates


@dataclass(frozen=True)
class Options:
    """``claims`` of the throughput run, ``peers`` of each peer's, ``rounds`` how often what is compared alternates."""

    claims: int = 20_000
    peers: int = 3_000
    rounds: int = 3
    workers: tuple[int, ...] = (1, 2, 4)
    rates: tuple[int, ...] = (50, 150)
    seconds: float = 30.0
    warm_up_s: float = 5.0
    growth: tuple[int, ...] = (10_000, 100_000)
    growth_claims: int = 10_000
    console_claims: int = 300_000
    profile: Path | None = None


@dataclass
class Bench:
    """``samples`` holds every measurement of a figure, ``figures`` what else was found out."""

    options: Options
    server_templates: ServerTemplates
    samples: dict[str, list[float]] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def load(self) -> Load:
        """The county of the throughput run."""
        return make_load(self.options.claims)

    def note(self, name: str, value: float) -> None:
        """One more measurement of a figure."""
        self.samples.setdefault(name, []).append(value)

    def note_peer(self, name: str, claims: int, meter: Meter) -> None:
        """A peer's run: claims a second, and what a claim costs its process and PostgreSQL in µs of processor time."""
        self.note(name, claims / meter.seconds)
        self.note(f"cpu_us_{name}_python", meter.python_s / claims * 1e6)
        self.note(f"cpu_us_{name}_postgres", meter.postgres_s / claims * 1e6)

    def median(self, name: str) -> float | None:
        """The median of a figure, None where it was not measured."""
        return median(self.samples[name]) if name in self.samples else None
