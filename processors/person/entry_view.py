"""A person's ledger entries told one after the other, with each layer's accumulations as they grew."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from events.catalog import FACTS, read
from events.codes import LAYERS
from events.decisions import CLAIM_ACCEPTED, GRANT_AWARDED, GRANT_WITHDRAWN
from events.money import yuan
from events.store.journal import SETTLEMENT_STAGE
from policies.claim import Used, claim_from_json
from policies.engine import Schemes
from policies.explain import render
from processors.pipeline.premiums import PREMIUM_TYPES

Row = Mapping[str, Any]
Accumulated = dict[tuple[int, str, str], Used]
"""By year, scheme name and layer, over all tracks."""


class Story:
    """Tells entries in the order given; ``schemes`` are those that the person's claims are pinned to, by hash."""

    def __init__(self, schemes: Schemes) -> None:
        self.schemes = schemes
        self.pinned: dict[str, str] = {}
        self.accumulated: Accumulated = {}

    def tell(self, entries: Iterable[Row]) -> list[dict[str, Any]]:
        """Each entry as JSON: when it was recorded, where it stands, and what it says."""
        return [
            {"recorded_at": entry["recorded_at"].isoformat(), "journal": entry["journal"], "number": entry["number"]}
            | {"type": entry["type"]}
            | self._tell(entry)
            for entry in entries
        ]

    def _tell(self, entry: Row) -> dict[str, Any]:
        if entry["type"] in FACTS:
            return _fact(entry)
        data = orjson.loads(entry["data"])
        if entry["type"] == CLAIM_ACCEPTED:
            return self._acceptance(data)
        if entry["type"] in (GRANT_AWARDED, GRANT_WITHDRAWN):
            return {"grant": _grant(data), "booked": yuan(entry["paid"]), "cause": data["cause"]}
        if entry["type"] in PREMIUM_TYPES.values():
            return _premium(entry, data)
        if entry["stage"] == SETTLEMENT_STAGE:
            return {"statement": data["statement"], "run": entry["run"], "cause": data.get("cause")}
        return self._payout(entry, data)

    def _acceptance(self, data: Mapping[str, Any]) -> dict[str, Any]:
        claim = claim_from_json(data["claim"])
        self.pinned[claim.claim_id] = claim.scheme
        fixed = {
            "claim_id": claim.claim_id,
            "claim_number": claim.number,
            "fact": data.get("fact"),
            "instead_of": data.get("instead_of"),
            "actor": data.get("actor"),
            "scheme": self.schemes[claim.scheme].name,
            "scheme_hash": claim.scheme,
            "date": claim.date.isoformat(),
            "setting": claim.setting,
            "tier": claim.tier,
            "hospital_id": claim.hospital_id,
            "hospital_region": claim.hospital_region,
            "region": claim.region,
            "filed": claim.filed,
            "prescriber_tier": claim.prescriber_tier,
            "card_class": claim.card_class,
            "any_card": claim.any_card,
            "referral": list(claim.referral),
            "categories": list(claim.categories),
        }
        return {"claim": fixed}

    def _payout(self, entry: Row, data: Mapping[str, Any]) -> dict[str, Any]:
        used = self.accumulated.setdefault((entry["year"], entry["scheme"], entry["layer"]), Used())
        used.merge(difference_booked(entry))
        scheme = self.schemes[self.pinned[entry["claim_id"]]]
        return {
            "claim_id": entry["claim_id"],
            "claim_number": entry["claim_number"],
            "run": entry["run"],
            "stage": entry["stage"],
            "layer": entry["layer"],
            "track": entry["track"],
            "runs_now": bool(data.get("trace")),
            "booked": {name: yuan(entry[name]) for name in ("base", "deductible", "paid", "extra")},
            "before": yuan(data.get("before", 0)),
            "after": yuan(data.get("after", entry["paid"])),
            "cause": data.get("cause"),
            "counterparty": data.get("counterparty"),
            "trace": render(scheme, data.get("trace", ())),
            "accumulated": used_json(used),
        }


def is_payout(entry: Row) -> bool:
    """Whether an entry books what a layer pays of a claim: a premium has a layer and no claim."""
    return entry["layer"] is not None and entry["claim_number"] is not None


def difference_booked(entry: Row) -> Used:
    """What a payout's entry books: the difference to what was booked before it."""
    return Used(entry["base"], entry["deductible"], entry["paid"], entry["extra"], entry["ran"])


def used_json(used: Used) -> dict[str, Any]:
    """An accumulation in yuan."""
    return {
        "base": yuan(used.base),
        "deductible": yuan(used.deductible),
        "paid": yuan(used.paid),
        "claims": used.claims,
    }


def accumulations_json(person_id: str, accumulated: Accumulated) -> list[dict[str, Any]]:
    """Accumulations as CONTRACT shows them, those that no standing claim counts to left out."""
    return [
        {"person_id": person_id, "year": year, "scheme": scheme, "layer": layer} | used_json(used)
        for (year, scheme, layer), used in sorted(accumulated.items(), key=_in_path_order)
        if used.claims
    ]


def _in_path_order(item: tuple[tuple[int, str, str], Used]) -> tuple[int, str, int]:
    year, scheme, layer = item[0]
    return year, scheme, LAYERS.index(layer)


def _fact(entry: Row) -> dict[str, Any]:
    fact = read(entry["raw"], entry["source"])
    # The model's JSON, not the sender's: money as yuan with two decimals, defaults filled in.
    data = fact.data.model_dump(mode="json", exclude_none=True)
    return {
        "source": fact.source,
        "id": fact.id,
        "actor": fact.extensions.get("actor"),
        "extensions": fact.extensions,
        "data": data,
    }


def _premium(entry: Row, data: Mapping[str, Any]) -> dict[str, Any]:
    premium = {"year": entry["year"], "scheme": entry["scheme"], "layer": entry["layer"]}
    premium |= {name: data[name] for name in ("region", "payer", "category", "cite", "grade")}
    premium |= {"before": yuan(data["before"]), "after": yuan(data["after"])}
    return {"premium": premium, "booked": yuan(entry["paid"]), "cause": data["cause"]}


def _grant(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "person_id": data["person_id"],
        "scheme": data["scheme"],
        "grant": data["grant"],
        "year": data["year"] or None,
        "amount": yuan(data["amount"]),
        "claim_id": data["claim_id"],
    }
