"""The parts of fee lines: by the catalogue where one has begun, else as the hospital states them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.gateway.national.call import Call, NationalRefused
from processors.catalogue.fee_fields import fee_fields
from processors.catalogue.pricing import (
    FeeLine,
    LineTerms,
    PricedLine,
    RefundTooLarge,
    StatedTerms,
    price,
    terms_of,
)
from processors.catalogue.store import is_loaded, load_catalogue, load_entries
from processors.visits.visit_rows import VisitLine
from projections.hospitals import load_hospitals

Terms = LineTerms | StatedTerms
CATALOGUE = "catalogue"


async def price_lines(
    connection: AsyncConnection, call: Call, added: Sequence[VisitLine], held: Sequence[VisitLine] = ()
) -> list[VisitLine]:
    """The added lines with their parts, in their order; ``held`` are those of which refunds may take back.

    A line is priced by the catalogue where any entry of the hospital's region, as the ledger registers it, had begun
    by its day, whatever the hospital states. A refund that names its line has that line's terms. Raises
    ``NationalRefused`` where one takes back more than is left.
    """
    hospital = (await load_hospitals(connection, [call.fixmedins_code])).get(call.fixmedins_code)
    terms = await _terms(connection, call.mdtrtarea_admvs if hospital is None else hospital.region, added)
    refunded = {line.init_feedetl_sn for line in added if line.init_feedetl_sn is not None}
    standing = await _standing(connection, [*held], refunded)
    charged_first = sorted(added, key=takes_back)
    try:
        priced = price(map(_fee_line, charged_first), lambda line: terms[line.sn], standing)
    except RefundTooLarge as error:
        raise NationalRefused(str(error)) from None
    by_number = {each.line.sn: each for each in priced}
    sources = {line.feedetl_sn: line.priced_by for line in (*held, *added)}
    return [_with_parts(line, by_number[line.feedetl_sn], sources) for line in added]


def takes_back(line: VisitLine) -> bool:
    """Whether a line is a refund, as the catalogue has it."""
    return _fee_line(line).takes_back


def check_refunds(held: Sequence[VisitLine], added: Sequence[VisitLine], *, required: bool) -> None:
    """Refuse a refund that names no line, where that is required, or another than a charge under the same code.

    Raises ``NationalRefused``.
    """
    by_number = {line.feedetl_sn: line for line in (*held, *added)}
    for line in added:
        if not takes_back(line) or (line.init_feedetl_sn is None and not required):
            continue
        original = by_number.get(line.init_feedetl_sn or "")
        if original is None or takes_back(original) or original.med_list_codg != line.med_list_codg:
            raise NationalRefused(
                f"退费明细 {line.feedetl_sn}：init_feedetl_sn（原费用流水号）须为本次就诊同一目录的未结算明细"
            )


async def _terms(connection: AsyncConnection, region: str, lines: Sequence[VisitLine]) -> dict[str, Terms]:
    """By what each line is priced where it takes nothing back of another."""
    first = await _first_day_of_catalogue(connection, region, lines)
    listed = [] if first is None else [line for line in lines if line.fee_ocur_time.date() >= first]
    catalogue = await load_catalogue(connection, {line.med_list_codg for line in listed}, region)
    terms: dict[str, Terms] = {line.feedetl_sn: _stated(line) for line in lines}
    return terms | {
        line.feedetl_sn: terms_of(line.med_list_codg, line.fee_ocur_time.date(), catalogue) for line in listed
    }


async def _first_day_of_catalogue(connection: AsyncConnection, region: str, lines: Iterable[VisitLine]) -> date | None:
    """The first of the lines' days by which an entry had begun; so it had by those after it."""
    for day in sorted({line.fee_ocur_time.date() for line in lines}):
        if await is_loaded(connection, region, day):
            return day
    return None


async def _standing(
    connection: AsyncConnection, held: Sequence[VisitLine], refunded: Collection[str]
) -> dict[str, PricedLine]:
    """What is left of the lines that refunds name, by the terms by which each was priced."""
    originals = [line for line in held if line.feedetl_sn in refunded]
    numbers = {line.fee["entry"] for line in originals if line.priced_by == CATALOGUE and line.fee["entry"] is not None}
    entries = await load_entries(connection, numbers)
    standing = {}
    for line in originals:
        terms: Terms = _stated(line)
        if line.priced_by == CATALOGUE:
            terms = LineTerms.of(entries.get(line.fee["entry"]))
        standing[line.feedetl_sn] = PricedLine.of(_fee_line(line), terms)
    for line in held:
        if line.init_feedetl_sn in standing and takes_back(line):
            standing[line.init_feedetl_sn] = standing[line.init_feedetl_sn].without(_fee_line(line))
    return standing


def _stated(line: VisitLine) -> StatedTerms:
    return StatedTerms(line.amount, line.self_funded, line.over_limit, line.upfront_copay)


def _fee_line(line: VisitLine) -> FeeLine:
    return FeeLine(line.feedetl_sn, line.med_list_codg, line.amount, line.cnt, line.pric, refunded=line.init_feedetl_sn)


def _with_parts(line: VisitLine, priced: PricedLine, sources: Mapping[str, str]) -> VisitLine:
    terms = priced.terms
    stated_by = sources.get(line.init_feedetl_sn or "", line.priced_by)
    return structs.replace(
        line,
        self_funded=priced.self_funded,
        over_limit=priced.over_limit,
        upfront_copay=priced.upfront_copay,
        in_scope=priced.in_scope,
        priced_by=CATALOGUE if isinstance(terms, LineTerms) else stated_by,
        fee=fee_fields(terms) if isinstance(terms, LineTerms) else {},
    )
