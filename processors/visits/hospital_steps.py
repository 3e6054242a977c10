"""The steps on hospitals that the gateway speaks for: set, changed and ended, each by somebody and none undone."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import json, structs, to_builtins
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.advisory_locks import AdvisoryLock, hold_lock
from events.store.journal import database_time
from processors.offices.keys import KeyRing
from processors.offices.operators import login_of
from processors.offices.refusal import StepRefused
from processors.visits.hospital_settings import (
    HospitalSettings,
    HospitalStep,
    hospital_steps,
    load_hospitals,
    load_steps,
    settings_of,
)
from processors.visits.transactions import transactions


async def add_hospital(engine: AsyncEngine, keys: KeyRing, settings: HospitalSettings, actor: str) -> HospitalStep:
    """Let the gateway speak for a hospital. Raises ``StepRefused`` where it does."""
    async with engine.begin() as connection:
        known = await _locked(connection, keys)
        if settings.hospital_id in known:
            raise StepRefused(
                f"机构 {settings.hospital_id} 已登记，改设置用 claims gateway hospitals change。"
                f"{settings.hospital_id} is there already: change its settings"
            )
        return await _record(connection, keys, settings.hospital_id, settings, actor)


async def change_hospital(
    engine: AsyncEngine,
    keys: KeyRing,
    hospital_id: str,
    change: Callable[[HospitalSettings], HospitalSettings],
    actor: str,
) -> HospitalSettings:
    """Change a hospital's settings; returns them as they are now. Raises ``StepRefused`` where there is none."""
    async with engine.begin() as connection:
        known = await _locked(connection, keys)
        changed = change(_one_of(known, hospital_id))
        await _record(connection, keys, hospital_id, changed, actor)
    return changed


async def end_hospital(engine: AsyncEngine, keys: KeyRing, hospital_id: str, actor: str) -> HospitalStep:
    """Let the gateway speak for a hospital no more. Raises ``StepRefused`` where it does not."""
    async with engine.begin() as connection:
        _one_of(await _locked(connection, keys), hospital_id)
        return await _record(connection, keys, hospital_id, None, actor)


async def standing_hospitals(engine: AsyncEngine, keys: KeyRing) -> list[tuple[HospitalSettings, HospitalStep]]:
    """The hospitals that the gateway speaks for, each with the step that set it last."""
    async with engine.connect() as connection:
        known = await load_hospitals(connection, keys)
        last = {step.hospital_id: step for step in await load_steps(connection)}
    return [(settings, last[hospital_id]) for hospital_id, settings in sorted(known.items())]


async def keys_in_use(engine: AsyncEngine) -> set[str]:
    """The keys under which hospitals' secrets and answers are sealed."""
    found: set[str] = set()
    async with engine.connect() as connection:
        for column in (hospital_steps.c.key_id, transactions.c.key_id):
            found |= set((await connection.execute(select(column).distinct())).scalars())
    return {each for each in found if each is not None}


async def seal_anew(engine: AsyncEngine, keys: KeyRing) -> int:
    """Seal all hospitals' secrets under the newest key; returns how many. Answers stay under the key that they have."""
    async with engine.begin() as connection:
        await hold_lock(connection, AdvisoryLock.GATEWAY_HOSPITALS)
        older = [step for step in await load_steps(connection) if step.key_id not in (None, keys.current)]
        rows = [
            {"of": step.number, "anew": _sealed(keys, settings_of(step, keys), step.about), "under": keys.current}
            for step in older
        ]
        if rows:
            renewed: dict[str, Any] = {"sealed": bindparam("anew"), "key_id": bindparam("under")}
            changed = update(hospital_steps).where(hospital_steps.c.number == bindparam("of")).values(renewed)
            await connection.execute(changed, rows)
    return len(rows)


async def _locked(connection: AsyncConnection, keys: KeyRing) -> dict[str, HospitalSettings]:
    await hold_lock(connection, AdvisoryLock.GATEWAY_HOSPITALS)
    return await load_hospitals(connection, keys)


def _one_of(known: dict[str, HospitalSettings], hospital_id: str) -> HospitalSettings:
    if hospital_id not in known:
        raise StepRefused(
            f"机构 {hospital_id} 未登记，用 claims gateway hospitals add 登记。{hospital_id} is not there: add it"
        )
    return known[hospital_id]


async def _record(
    connection: AsyncConnection, keys: KeyRing, hospital_id: str, settings: HospitalSettings | None, actor: str
) -> HospitalStep:
    last = (await connection.execute(select(func.coalesce(func.max(hospital_steps.c.number), 0)))).scalar_one()
    login, is_owner = await login_of(connection)
    step = HospitalStep(
        number=last + 1,
        hospital_id=hospital_id,
        step="ended" if settings is None else "set",
        settings=None if settings is None else _told(settings),
        sealed=None,
        key_id=None if settings is None else keys.current,
        actor=actor,
        login=login,
        owner=is_owner,
        at=await database_time(connection),
    )
    if settings is not None:
        step = structs.replace(step, sealed=_sealed(keys, settings, step.about))
    await connection.execute(insert(hospital_steps).values(structs.asdict(step)))
    return step


def _told(settings: HospitalSettings) -> bytes:
    """What of the settings is no secret."""
    told: dict[str, Any] = to_builtins(settings)
    return json.encode({name: value for name, value in told.items() if name != "secrets"})


def _sealed(keys: KeyRing, settings: HospitalSettings, about: str) -> bytes:
    return keys.seal(json.encode(settings.secrets), about)


def settings_history(steps: Sequence[HospitalStep]) -> list[dict[str, Any]]:
    """Steps for people and programs, without a secret."""
    return [
        {
            "number": step.number,
            "hospital_id": step.hospital_id,
            "step": step.step,
            "settings": None if step.settings is None else json.decode(step.settings),
            "actor": step.actor,
            "login": step.operator.login,
            "at": step.at.isoformat(),
        }
        for step in steps
    ]
