"""``claims verify``."""

import sys
from dataclasses import asdict

import typer

from infra.cli.finding_text import finding_line, verdict_counts
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, print_json, stdout, table
from infra.cli.session import ledger_servers, require_ledger, run
from infra.postgres.engine import migrate
from infra.worker.proof_workers import prove
from processors.proof.verify import VerifyReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)


def verify(data_dir: DataDir = None, json: Json = False) -> None:
    """验账：证明账本完整、平衡、可重算。Prove the books: chains, balance, sums, convergence."""

    async def main() -> int:
        settings = settings_of(data_dir)
        require_ledger(settings)
        async with ledger_servers(settings, "verify", nats=False) as endpoints:
            await migrate(endpoints.database_url)
            report = await prove(endpoints.database_url)
        if json:
            print_json([report.as_json()])
        else:
            print_verdict(report)
        return 0 if report.holds else 1

    sys.exit(run(main))


def print_verdict(report: VerifyReport) -> None:
    """What was checked, and whether the books hold."""
    counts = verdict_counts(report)
    table("验账 Verification", ("已检查 checked", "数量 count"), [(k, str(v)) for k, v in counts.items()], right=(1,))
    if report.holds:
        stdout.print("[bold green]账实相符 the books hold[/]")
        return
    for problem in report.problems:
        fail(finding_line(**asdict(problem)))
    if report.found > len(report.problems):
        fail(f"另有 and {report.found - len(report.problems)} more")
    fail(f"账实不符 the books do not hold: 问题 problems {report.found}")
