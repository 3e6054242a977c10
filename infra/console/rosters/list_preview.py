"""An uploaded list and what it would change: read from its bytes, compared, tried on the claims. Nothing is booked."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from infra.console.errors import FieldTrouble, Unprocessable
from infra.console.visitor import Visitor
from infra.files.refused_rows import refused_rows
from infra.files.roster_file import SHEET_USE_NAMES, RosterFile, read_file
from infra.operations.roster_certificates import numbered_rows
from infra.operations.roster_import import Allowances, Preview, preview
from policies.vocabulary import in_layer_order
from processors.law.terms import LAYER_NAMES, region_terms, terms_used
from processors.offices.keys import KeyRing
from processors.rosters.cells import FAULT_NAMES
from processors.rosters.effect import ListEffect, effect_of
from processors.rosters.list_comparison import ListReceipt, changes_digest
from processors.rosters.lists import RosterList, read_list

LARGEST_LIST = 30 * 1024 * 1024
CHANGE_NAMES = {"added": "新增", "removed": "移除"}


@dataclass(frozen=True, slots=True)
class UploadedList:
    """A list's file as it was uploaded: its name, its bytes, and how its clerk wants it read."""

    name: str
    content: bytes
    receipt: ListReceipt
    empty: bool
    hidden_sheets: bool

    @property
    def sha256(self) -> str:
        """Of the bytes, hex: what is taken is what was previewed."""
        return hashlib.sha256(self.content).hexdigest()

    async def read(self, connection: AsyncConnection, keys: Callable[[], KeyRing]) -> tuple[RosterFile, RosterList]:
        """The file and the list in it; ``keys`` are those of the persons' register, for a list with certificates.

        Raises ``UnusableFile``; ``Unprocessable`` where nobody is on it.
        """
        file = await asyncio.to_thread(read_file, self.content, hidden_sheets=self.hidden_sheets)
        rows = await numbered_rows(connection, keys, file.rows)
        terms = await region_terms(connection, self.receipt.source.partition("/")[2])
        with terms_used(terms):
            read = read_list(rows, self.receipt.until)
        if not (read.listed or read.ended or self.empty):
            places = "；".join(f"{row.place.partition(' ')[0]} {row.chinese}" for row in read.refused[:5])
            raise Unprocessable(
                FieldTrouble(
                    "名单",
                    f"没有可用的行；本月确无人员时勾选“空名单” {places}".strip(),
                    "no row can be used; if nobody is on the list any more, say so",
                )
            )
        return file, read


@dataclass(frozen=True, slots=True)
class ListPreview:
    """What a list would change, as it stood when it was compared; ``seen`` is the digest of the changes."""

    upload: UploadedList
    file: RosterFile
    read: RosterList
    found: Preview
    effect: ListEffect

    @property
    def seen(self) -> str:
        """What the import is held to."""
        return changes_digest(self.found.comparison.changes)

    @property
    def doubts(self) -> list[tuple[str, str]]:
        """Why it may be the wrong file: the name of the box that its clerk ticks once he has checked it, and why."""
        comparison = self.found.comparison
        empty = self.upload.empty and not (self.read.listed or self.read.ended)
        reasons = (
            ("shrink", None if empty else comparison.cut_off_reason),
            ("growth", comparison.growth_reason),
        )
        return [(name, reason) for name, reason in reasons if reason is not None]

    def changes(self) -> list[dict[str, Any]]:
        """Who enters and who leaves."""
        unknown = set(self.found.unknown)
        return [
            {
                "person_id": change.person_id,
                "category": change.category,
                "change": change.change,
                "effective_on": change.effective_on,
                "unknown": change.person_id in unknown,
            }
            for change in self.found.comparison.changes
        ]

    def refused(self) -> list[dict[str, Any]]:
        """Rows that are not taken, in their order; never a cell's text, which may be a name."""
        return [
            {
                "place": row.place.partition(" row ")[0].partition(" sheet ")[0],
                "reason": row.reason,
                "detail": row.chinese,
                "person_id": row.person_id,
                "near": row.near,
                "line": line,
            }
            for line, row in enumerate(self.read.refused)
        ]

    def others(self) -> list[dict[str, Any]]:
        """Who is left out and stays: because a refused row may be theirs, or because another department lists them."""
        comparison = self.found.comparison
        kept = [
            {"person_id": person_id, "category": category, "why": "kept", "departments": []}
            for person_id, category in comparison.kept
        ]
        left = [
            {"person_id": person_id, "category": category, "why": "left_out", "departments": departments}
            for (person_id, category), departments in comparison.left_out.items()
        ]
        return kept + left

    def layers(self) -> list[tuple[str, int]]:
        """By how many fen what each layer pays changes."""
        return layers_of(self.effect)

    def notes(self) -> list[str]:
        """What of the file was not used."""
        file = self.file
        told = []
        if len(file.sheets) > 1 or any(sheet.use != "read" for sheet in file.sheets):
            sheets = "；".join(
                f"{sheet.title}：{SHEET_USE_NAMES[sheet.use].partition(' ')[0]}（{sheet.rows} 行）"
                for sheet in file.sheets
            )
            told.append(f"工作表：{sheets}")
        if file.unused_columns:
            told.append(f"未用的列：{_some(file.unused_columns)}")
        if file.passed_over:
            places = [place.partition(" row ")[0] for place in file.passed_over]
            told.append(f"按合计、签名或说明略过的行：{_some(places)}")
        if file.unseen_rows:
            told.append(f"有 {file.unseen_rows} 行在表中被隐藏或筛选，也已读入")
        return told

    def refused_workbook(self) -> bytes:
        """The refused rows as they were received, for the department to mend."""
        receipt = self.upload.receipt
        return refused_rows(f"{receipt.source} {receipt.period}", receipt.received_on, self.read.refused)


async def preview_list(visitor: Visitor, upload: UploadedList, keys: Callable[[], KeyRing]) -> ListPreview:
    """Compare an uploaded list with the ledger, and settle the claims that it moves. Raises ``RefusedList``."""
    async with visitor.engine.connect() as connection:
        file, read = await upload.read(connection, keys)
        found = await preview(connection, read, upload.receipt, Allowances(shrink=True, growth=True))
        effect = await effect_of(connection, found.comparison.changes)
    return ListPreview(upload, file, read, found, effect)


def layers_of(effect: ListEffect) -> list[tuple[str, int]]:
    """By how many fen what each layer pays changes, by the layer's name."""
    layers = effect.layers()
    return [(LAYER_NAMES[layer], layers[layer]) for layer in in_layer_order(layers)]


def claims_of(effect: ListEffect) -> list[dict[str, Any]]:
    """The claims that move, by row."""
    return [
        {
            "claim_id": claim.claim_id,
            "person_id": claim.person_id,
            "share_before": claim.share_before,
            "share_after": claim.share_after,
            "moved": claim.share_after - claim.share_before,
        }
        for claim in effect.claims
    ]


def fault_names() -> dict[str, str]:
    """Why rows are refused, for the filter."""
    return {str(fault): name for fault, name in FAULT_NAMES.items()}


def _some(texts: Sequence[str], most: int = 20) -> str:
    return "、".join(texts[:most]) + ("…" if len(texts) > most else "")
