"""``claims gateway hospitals``: for whom the gateway speaks, and what differs between them."""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import SETTINGS, is_code
from infra.access.passwords import bcrypt_hash, new_password
from infra.access.sources import Source
from infra.cli.arguments import Actor, actor_of, id_of, listed, unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, table
from infra.cli.session import ledger_servers, migrate_and_learn, reading, require_ledger, run
from infra.files.key_file import GATEWAY as KEYS
from infra.files.key_file import key_ring
from infra.operations.gateway_users import let_gateway_in
from infra.postgres.engine import connect
from infra.settings import Settings
from processors.offices.keys import KeyRing
from processors.offices.refusal import StepRefused
from processors.visits.hospital_settings import MED_TYPE, HospitalSecrets, HospitalSettings, load_steps
from processors.visits.hospital_steps import (
    add_hospital,
    change_hospital,
    end_hospital,
    settings_history,
    standing_hospitals,
)

HospitalId = Annotated[str, typer.Argument(help="医疗机构编号，即 fixmedins_code", metavar="HOSPITAL_ID")]
Networks = Annotated[
    list[str] | None, typer.Option("--network", help="机构的网段 network it calls from, CIDR; repeatable")
]
Secret = Annotated[
    str | None, typer.Option("--secret", help="x-tif-signature 的密钥 its secret; - 另行提问 asks, '' 取消 ends it")
]
Sm2 = Annotated[
    str | None, typer.Option("--sm2-public-key", help="机构的SM2公钥，十六进制 hexadecimal; '' 取消 ends it")
]
Sm4 = Annotated[
    str | None, typer.Option("--sm4-key", help="SM4密钥，32位十六进制 hexadecimal; - 另行提问 asks, '' 取消 ends it")
]
MedTypes = Annotated[
    list[str] | None, typer.Option("--med-type", help="医疗类别 CODE=SETTING，如 2101=inpatient; repeatable")
]
Codes = Annotated[
    list[str] | None,
    typer.Option(
        "--code", help="其他代码 TABLE:CODE=VALUE，如 disease:M00500=diabetes; CODE= 删除 removes; repeatable"
    ),
]
InfcodeText = Annotated[
    bool | None,
    typer.Option("--infcode-text/--infcode-number", help='infcode 用文字"0"还是数字0 as text or as number'),
]
_PUBLIC_KEY_DIGITS, _SM4_DIGITS = (128, 130, 66), (32,)

hospitals = typer.Typer(
    no_args_is_help=True, help="接入机构：登记、改设置、停用。Hospitals that the gateway speaks for."
)


@dataclass(frozen=True, slots=True)
class _Options:
    """What is asked for, as it was typed; None leaves as it is."""

    networks: Sequence[str] | None
    secret: str | None
    sm2_public_key: str | None
    sm4_key: str | None
    med_types: Sequence[str] | None
    codes: Sequence[str] | None
    infcode_text: bool | None

    def applied(self, settings: HospitalSettings) -> HospitalSettings:
        """The settings with what is asked for. Raises ``typer.BadParameter``."""
        secrets = settings.secrets
        if self.secret is not None:
            secrets = structs.replace(secrets, signature_secret=_asked(self.secret, "x-tif secret") or None)
        if self.sm2_public_key is not None:
            key = _hexadecimal(self.sm2_public_key, _PUBLIC_KEY_DIGITS, "--sm2-public-key")
            secrets = structs.replace(secrets, sm2_public_key=key or None)
        if self.sm4_key is not None:
            key = _hexadecimal(_asked(self.sm4_key, "SM4 key"), _SM4_DIGITS, "--sm4-key")
            secrets = structs.replace(secrets, sm4_key=key or None)
        return structs.replace(
            settings,
            networks=settings.networks if self.networks is None else tuple(map(_network, self.networks)),
            codes=_codes(settings.codes, self.med_types or (), self.codes or ()),
            infcode_text=settings.infcode_text if self.infcode_text is None else self.infcode_text,
            secrets=secrets,
        )


@hospitals.command()
def add(
    hospital_id: HospitalId,
    actor: Actor,
    network: Networks = None,
    secret: Secret = None,
    sm2_public_key: Sm2 = None,
    sm4_key: Sm4 = None,
    med_type: MedTypes = None,
    code: Codes = None,
    infcode_text: InfcodeText = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记接入机构，并建立其消息用户。Let the gateway speak for a hospital, by a user of NATS of that hospital's."""
    who, source = actor_of(actor), _hospital(hospital_id)
    options = _Options(network, secret, sm2_public_key, sm4_key, med_type, code, infcode_text)
    password = new_password()
    asked = options.applied(HospitalSettings(source.id, secrets=HospitalSecrets(password)))

    async def step(engine: AsyncEngine, keys: KeyRing) -> HospitalSettings:
        await add_hospital(engine, keys, asked, who)
        return asked

    _run(data_dir, step, source, password, json=json)


@hospitals.command()
def change(
    hospital_id: HospitalId,
    actor: Actor,
    network: Networks = None,
    any_network: Annotated[bool, typer.Option("--any-network", help="不限网段 from any network")] = False,
    secret: Secret = None,
    sm2_public_key: Sm2 = None,
    sm4_key: Sm4 = None,
    med_type: MedTypes = None,
    code: Codes = None,
    infcode_text: InfcodeText = None,
    new_password_: Annotated[
        bool, typer.Option("--new-password", help="换消息用户的密码 a new password of its user of NATS")
    ] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """改接入机构的设置。Change settings; what is not named stays."""
    who, source = actor_of(actor), _hospital(hospital_id)
    options = _Options(() if any_network else network, secret, sm2_public_key, sm4_key, med_type, code, infcode_text)
    password = new_password() if new_password_ else None

    def changed(settings: HospitalSettings) -> HospitalSettings:
        renewed = settings.secrets if password is None else structs.replace(settings.secrets, password=password)
        return options.applied(structs.replace(settings, secrets=renewed))

    async def step(engine: AsyncEngine, keys: KeyRing) -> HospitalSettings:
        return await change_hospital(engine, keys, source.id, changed, who)

    _run(data_dir, step, source, password, json=json)


@hospitals.command()
def end(hospital_id: HospitalId, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """停用接入机构。Let the gateway speak for a hospital no more; its user of NATS ends."""
    who, source = actor_of(actor), _hospital(hospital_id)

    async def step(engine: AsyncEngine, keys: KeyRing) -> None:
        await end_hospital(engine, keys, source.id, who)

    _run(data_dir, step, source, "", json=json)


@hospitals.command("list")
def list_(
    history: Annotated[bool, typer.Option("--history", help="全部办理记录 every step that was taken")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """接入机构清单。Hospitals that the gateway speaks for; no secret is shown."""
    settings = settings_of(data_dir)

    async def main() -> int:
        async with reading(settings, "gateway") as engine:
            if history:
                async with engine.connect() as connection:
                    print_json(settings_history(await load_steps(connection)))
                return 0
            found = await standing_hospitals(engine, key_ring(settings, KEYS))
        if json:
            print_json(_told(each) | {"actor": step.actor, "at": step.at.isoformat()} for each, step in found)
            return 0
        columns = ("机构 hospital", "网段 networks", "代码 codes", "签名和加密 checks", "经办 actor", "时间 at")
        rows = [
            (
                *(each.hospital_id, "、".join(each.networks) or "不限 any", "、".join(_code_words(each))),
                *("、".join(_checks(each)) or "—", step.actor, f"{step.at:%Y-%m-%d %H:%M}"),
            )
            for each, step in found
        ]
        table("接入机构 Hospitals", columns, rows, empty="用 claims gateway hospitals add 登记")
        return 0

    sys.exit(run(main))


def _run(
    data_dir: Path | None,
    step: Callable[[AsyncEngine, KeyRing], Awaitable[HospitalSettings | None]],
    source: Source,
    password: str | None,
    *,
    json: bool,
) -> None:
    """Take a step; a new ``password`` makes or changes the hospital's user of NATS, an empty one ends it."""
    settings = settings_of(data_dir)

    async def main() -> int:
        require_ledger(settings)
        keys = key_ring(settings, KEYS)
        async with ledger_servers(settings, "gateway", nats=settings.external is None) as endpoints:
            await migrate_and_learn(endpoints.database_url)
            engine = connect(endpoints.database_url)
            try:
                done = await step(engine, keys)
            except StepRefused as refused:
                fail(str(refused))
                return 2
            finally:
                await engine.dispose()
            entry = None if password is None else await _let_in(settings, source, password)
        told = {"hospital_id": source.id, "ended": True} if done is None else _told(done)
        if json:
            print_json([told | ({"server_user": entry} if entry is not None else {})])
        else:
            state = "已停用 ended" if done is None else "已保存 saved"
            note(f"机构 hospital {source.id}：{state}")
            _say_entry(source, entry)
        return 0

    sys.exit(run(main))


async def _let_in(settings: Settings, source: Source, password: str) -> Mapping[str, Any] | None:
    """Give the gateway's user of a hospital its password, or end it; the entry for a server that is not ours."""
    hashed = bcrypt_hash(password) if password else ""
    if settings.external is not None:
        return source.entry(source.gateway_user, hashed) if hashed else {"user": source.gateway_user}
    await let_gateway_in(settings.data_dir / "nats", {source: hashed})
    return None


def _say_entry(source: Source, entry: Mapping[str, Any] | None) -> None:
    if entry is None:
        return
    if "password" not in entry:
        note(
            f"从 NATS 配置的 SOURCES 账户删除用户 {source.gateway_user} 并重新加载 "
            "remove it from SOURCES, and reload NATS"
        )
        return
    print_json([{"server_user": entry}])
    note("将 server_user 写入 NATS 配置的 SOURCES 账户并重新加载 put it among the users of SOURCES, and reload NATS")


def _told(settings: HospitalSettings) -> dict[str, Any]:
    return {
        "hospital_id": settings.hospital_id,
        "networks": list(settings.networks),
        "codes": {name: dict(table) for name, table in settings.codes.items()},
        "infcode_text": settings.infcode_text,
        "checks": _checks(settings),
        "api_keys": [key.name for key in settings.api_keys],
    }


def _checks(settings: HospitalSettings) -> list[str]:
    secrets = settings.secrets
    known = {"x-tif": secrets.signature_secret, "sm2": secrets.sm2_public_key, "sm4": secrets.sm4_key}
    return [name for name, secret in known.items() if secret is not None]


def _code_words(settings: HospitalSettings) -> list[str]:
    return [f"{name}:{code}={value}" for name, table in settings.codes.items() for code, value in table.items()]


def _hospital(hospital_id: str) -> Source:
    return Source("hospital", id_of(hospital_id, "HOSPITAL_ID"))


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise unusable(f"“{text}”不是网段，应写成 10.1.2.0/24", f"{text} is no network", "--network") from None


def _asked(text: str, what: str) -> str:
    return str(typer.prompt(what, err=True, hide_input=True)) if text == "-" else text


def _hexadecimal(text: str, lengths: Sequence[int], option: str) -> str:
    key = text.strip().lower()
    if key and (len(key) not in lengths or set(key) - set("0123456789abcdef")):
        wanted = listed(lengths)
        raise unusable(f"密钥应为十六进制，{wanted} 位", f"Hexadecimal of {wanted} digits is wanted", option)
    return key


def _codes(
    known: Mapping[str, Mapping[str, str]], med_types: Sequence[str], codes: Sequence[str]
) -> dict[str, dict[str, str]]:
    changed = {name: dict(table) for name, table in known.items()}
    for option, typed in [
        *(("--med-type", f"{MED_TYPE}:{each}") for each in med_types),
        *(("--code", each) for each in codes),
    ]:
        name, colon, pair = typed.partition(":")
        code, equals, value = pair.partition("=")
        if not (colon and equals and is_code(name) and code.isprintable() and code.strip()):
            raise unusable(f"“{typed}”应写成 TABLE:CODE=VALUE", "Write TABLE:CODE=VALUE", option)
        if name == MED_TYPE and value and value not in SETTINGS:
            raise unusable(f"“{value}”不是就医类型，可用的有 {listed(SETTINGS)}", "Those are all settings", option)
        if value:
            changed.setdefault(name, {})[code] = value
        else:
            changed.get(name, {}).pop(code, None)
    return {name: table for name, table in changed.items() if table}
