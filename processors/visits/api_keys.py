"""API keys of plain HTTP: given to a hospital and ended, each as a step on its settings."""

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.offices.keys import KeyRing
from processors.offices.refusal import StepRefused
from processors.visits.hospital_settings import ApiKey, HospitalSettings
from processors.visits.hospital_steps import change_hospital


async def add_api_key(
    engine: AsyncEngine, keys: KeyRing, hospital_id: str, key: ApiKey, actor: str
) -> HospitalSettings:
    """Let a hospital call by a key. Raises ``StepRefused`` where the hospital is not there or has one of that name."""

    def changed(settings: HospitalSettings) -> HospitalSettings:
        if any(each.name == key.name for each in settings.api_keys):
            raise StepRefused(
                f"机构 {hospital_id} 已有密钥 {key.name}，请换一个名称，或先用 claims gateway keys end 停用。"
                f"{hospital_id} has a key {key.name} already: name it otherwise, or end that one first"
            )
        return structs.replace(settings, api_keys=(*settings.api_keys, key))

    return await change_hospital(engine, keys, hospital_id, changed, actor)


async def end_api_key(engine: AsyncEngine, keys: KeyRing, hospital_id: str, name: str, actor: str) -> HospitalSettings:
    """Let a key count no more. Raises ``StepRefused`` where there is none of that name."""

    def changed(settings: HospitalSettings) -> HospitalSettings:
        left = tuple(each for each in settings.api_keys if each.name != name)
        if len(left) == len(settings.api_keys):
            raise StepRefused(
                f"机构 {hospital_id} 没有密钥 {name}，已有的见 claims gateway keys list。"
                f"{hospital_id} has no key {name}: claims gateway keys list shows those it has"
            )
        return structs.replace(settings, api_keys=left)

    return await change_hospital(engine, keys, hospital_id, changed, actor)
