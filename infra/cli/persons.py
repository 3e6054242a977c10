"""``claims persons``: who persons are, in a sealed register outside the ledger: taken in from lists, and found."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from infra.cli.arguments import Actor, actor_of, file_of, id_of, unusable, words_of
from infra.cli.clearing_step import print_result, run_step
from infra.cli.looks import looked
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, table
from infra.cli.register_keys import make_key_file, rotate_key_file
from infra.files.atomic import write_atomically
from infra.files.identity_file import IdentityList, identity_template, read_identities
from infra.files.key_file import PERSONS, key_ring
from infra.files.text_file import UnusableFile
from processors.identities import store
from processors.identities.ethnicities import ETHNICITY_NAMES
from processors.identities.identity import CERTIFICATE_NAMES, IDENTITY_SEX_NAMES, masked
from processors.identities.store import FoundIdentity, RecordedIdentities

persons = typer.Typer(no_args_is_help=True, help="参保人登记：姓名、证件，加密保存。Who persons are, sealed.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(persons, name="persons")


@persons.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="清单 list: FILE.xlsx or FILE.csv", exists=True, dir_okay=False)],
    actor: Actor,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """导入参保人：编号、姓名、证件号码。Record who the persons of a list are; the same list again changes nothing."""
    who = actor_of(actor)
    keys = key_ring(settings_of(data_dir), PERSONS)
    try:
        listed = read_identities(file)
    except UnusableFile as error:
        raise unusable(f"{file}：{error}", "The list can't be used", "FILE") from None
    done: RecordedIdentities = run_step(
        data_dir, lambda engine: store.record_identities(engine, keys, [*listed.identities.values()], who)
    )
    sys.exit(_tell_import(listed, done, json=json))


def _tell_import(listed: IdentityList, done: RecordedIdentities, *, json: bool) -> int:
    for name in listed.ignored:
        note(f"列“{name}”未使用 column not used")
    for person_ids in done.shared:
        note(f"同一证件有几个参保人编号，请核对 one certificate, several insured numbers: {'、'.join(person_ids)}")
    for row, why in sorted(listed.bad.items()):
        fail(f"第 {row} 行未登记 row {row} is refused: {why}")
    told = {
        "added": done.added,
        "changed": done.changed,
        "unchanged": done.unchanged,
        "repeated": listed.repeated,
        "shared": done.shared,
        "refused": [{"row": row, "reason": why} for row, why in sorted(listed.bad.items())],
    }
    message = f"新登记 added {done.added}，更新 changed {done.changed}，未变 unchanged {done.unchanged}"
    print_result(told, f"{message}，未登记 refused {len(listed.bad)}", json=json)
    return 1 if listed.bad else 0


@persons.command()
def template(out: Annotated[Path, typer.Option("--out", help="写到 FILE.xlsx to write")]) -> None:
    """参保人导入表的样子。A workbook to fill in."""
    write_atomically(file_of(out, (".xlsx",)), identity_template())
    note(f"已写入 written: {out}")


@persons.command()
def find(
    certificate: Annotated[
        str | None,
        typer.Option(
            "--certificate", help="证件号码；两个都不写则另行提问，不留在命令记录里 asked for if neither is given"
        ),
    ] = None,
    psn_no: Annotated[str | None, typer.Option("--psn-no", help="参保人编号 insured number")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="事由 what it is for")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="显示完整证件号码 the whole number of the certificate")
    ] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """查一个参保人，记入查阅记录。Find a person, by certificate or insured number; the look is recorded."""
    person_id = None if psn_no is None else id_of(psn_no, "--psn-no")
    why = None if reason is None else words_of(reason, "--reason")
    keys = key_ring(settings_of(data_dir), PERSONS)
    number = certificate
    if certificate is None and person_id is None:
        number = typer.prompt("证件号码 certificate", err=True, hide_input=True)

    async def step(engine: AsyncEngine) -> FoundIdentity | None:
        async with engine.connect() as connection:
            found = await store.find_person(connection, keys, certificate=number, person_id=person_id)
        if found is not None:
            await looked(engine, found.identity.person_id, "persons find", why)
        return found

    found: FoundIdentity | None = run_step(data_dir, step)
    if found is None:
        fail("登记簿里没有这个人 there is no such person in the register")
        sys.exit(1)
    _print(found, whole=whole, json=json)


def _print(found: FoundIdentity, *, whole: bool, json: bool) -> None:
    who = found.identity
    certificate = who.certificate if whole else masked(who.certificate)
    at = found.at.astimezone(COUNTY_TIME)
    if json:
        told: dict[str, Any] = {
            "person_id": who.person_id,
            "name": who.name,
            "certificate_type": who.certificate_type,
            "certificate": certificate,
            "sex": who.sex,
            "born": who.born.isoformat(),
            "ethnicity": who.ethnicity,
            "insurance": who.insurance,
            "person_type": who.person_type,
            "region": who.region,
            "employer": who.employer,
            "actor": found.actor,
            "at": at.isoformat(),
        }
        print_json([told])
        return
    rows = [
        ("参保人编号 psn_no", who.person_id),
        ("姓名 name", who.name),
        ("证件 certificate", f"{CERTIFICATE_NAMES[who.certificate_type]} {certificate}"),
        ("性别 sex", IDENTITY_SEX_NAMES[who.sex]),
        ("出生日期 born", who.born.isoformat()),
        ("民族 ethnicity", ETHNICITY_NAMES.get(who.ethnicity or "", "—")),
        ("险种、人员类别 insurance", " ".join(filter(None, (who.insurance, who.person_type)))),
        ("参保地 region", who.region or "—"),
        ("单位 employer", who.employer or "—"),
        ("登记 recorded", f"{found.actor} {at:%Y-%m-%d %H:%M}"),
    ]
    table("参保人 Person", ("项目 item", "登记 recorded"), rows)


@persons.command("new-key")
def new_key_(data_dir: DataDir = None, json: Json = False) -> None:
    """生成新登记簿的密钥文件。Make the key file of a new register."""
    make_key_file(data_dir, PERSONS, store.keys_in_use, json=json)


@persons.command("rotate-key")
def rotate_key(data_dir: DataDir = None, json: Json = False) -> None:
    """换密钥：全部用新密钥重新加密，旧密钥留着读旧备份。A new key: all persons are sealed anew under it."""
    rotate_key_file(data_dir, PERSONS, store.keys_in_use, store.seal_anew, counted="persons", json=json)
