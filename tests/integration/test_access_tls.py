"""TLS to both servers: with the right CA all works, with another nothing is said to the server at all."""

import asyncio
import contextlib
import ssl
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import trustme
from sqlalchemy import text

from infra.embedded.process import ServerError
from infra.messaging.broker import connect_broker
from infra.messaging.tls import check_tls
from infra.postgres.dump import BackupError, dump
from infra.postgres.engine import connect
from infra.servers import Endpoints
from tests.program import BOUND_S, claims, eventually

ROOT = Path(__file__).parents[2]
SSL_REQUEST = bytes([0, 0, 0, 8, 4, 210, 22, 47])


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


def pem(ca: trustme.CA, folder: Path, name: str) -> Path:
    path = folder / name
    ca.cert_pem.write_to_path(path)
    return path


@pytest.fixture
async def nats_over_tls(tmp_path: Path, ca: trustme.CA) -> AsyncIterator[str]:
    """`host:port` of a server that an operator has set up as docs/access.md says."""
    page = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
    (config,) = (block.partition("```")[0] for block in page.split("```conf\n")[1:])
    certificate = ca.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    for index, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(tmp_path / "cert.pem", append=index > 0)
    (tmp_path / "sources.json").write_text('{"users": []}')
    for shown, here in (
        ("host: 0.0.0.0", "host: 127.0.0.1"),
        ("port: 4222", f'port: -1\nports_file_dir: "{tmp_path}"'),
        ("/var/lib/nats", str(tmp_path / "store")),
        ("/etc/nats/", f"{tmp_path}/"),
        ("$LEDGER_PASSWORD", "given"),
    ):
        assert shown in config
        config = config.replace(shown, here)
    (tmp_path / "nats.conf").write_text(config)
    program = Path(sysconfig.get_path("scripts")) / "nats-server"
    with (tmp_path / "nats.log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(program, "-c", tmp_path / "nats.conf", stderr=log)
    try:
        ports = tmp_path / f"nats-server_{server.pid}.ports"
        await eventually(lambda: ports.exists() and b"]" in ports.read_bytes(), (tmp_path / "nats.log").read_text)
        port = ports.read_text().partition("://")[2].partition('"')[0].rpartition(":")[2]
        yield f"localhost:{port}"
    finally:
        server.terminate()
        await asyncio.wait_for(server.wait(), BOUND_S)


async def test_the_worker_settles_over_tls_and_refuses_another_ca(
    database: str, nats_over_tls: str, ca: trustme.CA, tmp_path: Path
) -> None:
    env = {"CLAIMS_DATABASE_URL": database, "CLAIMS_NATS_URL": f"tls://claims:given@{nats_over_tls}"}
    ours, other = pem(ca, tmp_path, "ca.pem"), pem(trustme.CA(), tmp_path, "other.pem")
    settled, wrong = await asyncio.gather(
        claims("settle", ROOT / "docs/examples/first.jsonl", "--json", env=env | {"CLAIMS_NATS_CA": str(ours)}),
        claims("status", env=env | {"CLAIMS_NATS_CA": str(other)}),
    )
    assert settled.code == 0, settled.err
    assert settled.rows[0]["claims"] == 2
    assert wrong.code == 2
    assert "CERTIFICATE_VERIFY_FAILED" in wrong.err
    with pytest.raises(ServerError, match="CERTIFICATE_VERIFY_FAILED"):  # the system knows no such CA
        await check_tls(env["CLAIMS_NATS_URL"], None)
    # for a server given from outside the operator keeps the users: he is shown what to add
    given = await claims("access", "hospital", "H1", "--json", env=env | {"CLAIMS_NATS_CA": str(ours)})
    assert given.code == 0, given.err
    assert given.rows[0]["nats_url"] == f"tls://hospital-H1:{given.rows[0]['password']}@{nats_over_tls}"
    assert given.rows[0]["server_user"]["password"].startswith("$2a$")


async def test_a_ledger_is_backed_up_and_restored_over_tls(
    postgres_over_tls: str, nats_over_tls: str, ca: trustme.CA, tmp_path: Path
) -> None:
    """The pg_dump that we bring knows no TLS: on a URL of access.md it went no further than its arguments."""
    ours, other = pem(ca, tmp_path, "ca.pem"), pem(trustme.CA(), tmp_path, "other.pem")
    env = {
        "CLAIMS_DATABASE_URL": f"{postgres_over_tls}?sslmode=verify-full&sslrootcert={ours}",
        "CLAIMS_NATS_URL": f"tls://claims:given@{nats_over_tls}",
        "CLAIMS_NATS_CA": str(ours),
    }
    with pytest.raises(BackupError, match="CERTIFICATE_VERIFY_FAILED"):
        await dump(f"{postgres_over_tls}?sslmode=verify-full&sslrootcert={other}", tmp_path / "none", None)
    for command in (
        ("settle", ROOT / "docs/examples/first.jsonl"),
        ("backup", tmp_path / "ledger.backup"),
        ("restore", tmp_path / "ledger.backup", "--replace"),
        ("verify",),
    ):
        done = await claims(*command, env=env)
        assert done.code == 0, (command, done.err)


async def test_no_password_goes_to_a_nats_server_without_tls(nats_url: str, ca: trustme.CA, tmp_path: Path) -> None:
    plain = nats_url.replace("nats://", "tls://")
    with pytest.raises(ServerError, match="handshake_first"):
        await check_tls(plain, pem(ca, tmp_path, "ca.pem"))
    said = await heard_by_a_listener(pem(ca, tmp_path, "ca.pem"))
    assert said
    assert b"secret" not in said


async def heard_by_a_listener(ca: Path) -> bytes:
    """What a broker says to somebody who poses as a server without TLS."""
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def pose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"tls_required":false}\r\n')
        said = await reader.read(4096)
        if not heard.done():
            heard.set_result(said)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(pose, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    broker = connect_broker(f"nats://claims:secret@127.0.0.1:{port}", ca)
    start = asyncio.create_task(broker.start())
    try:
        return await asyncio.wait_for(heard, BOUND_S)
    finally:
        start.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await start
        server.close()
        await server.wait_closed()


@pytest.fixture
async def postgres_over_tls(endpoints: Endpoints, database: str, ca: trustme.CA) -> AsyncIterator[str]:
    """URL of the test's database behind TLS: the embedded PostgreSQL is built without, so it ends in front of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    inner = urlsplit(database)
    tasks = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        back: asyncio.StreamWriter | None = None
        try:
            assert await reader.readexactly(8) == SSL_REQUEST
            writer.write(b"S")
            await writer.start_tls(context)
            answers, back = await asyncio.open_connection(inner.hostname, inner.port)
            await asyncio.gather(forward(reader, back), forward(answers, writer))
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
            pass  # the client went away, as it should where it does not trust us
        finally:
            for end in (writer, back):
                if end is not None:
                    end.close()
                    with contextlib.suppress(OSError, ssl.SSLError):
                        await end.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield inner._replace(netloc=f"{inner.username}:{inner.password}@localhost:{port}").geturl()
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), BOUND_S)
        await server.wait_closed()


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


async def select_1(url: str) -> int:
    engine = connect(url)
    try:
        async with engine.connect() as connection:
            return int((await connection.execute(text("SELECT 1"))).scalar_one())
    finally:
        await engine.dispose()


async def test_postgresql_over_tls_as_libpq_says_it(postgres_over_tls: str, ca: trustme.CA, tmp_path: Path) -> None:
    ours, other = pem(ca, tmp_path, "ca.pem"), pem(trustme.CA(), tmp_path, "other.pem")
    assert await select_1(f"{postgres_over_tls}?sslmode=verify-full&sslrootcert={ours}") == 1
    with pytest.raises(ssl.SSLCertVerificationError):
        await select_1(f"{postgres_over_tls}?sslmode=verify-full&sslrootcert={other}")
    by_address = postgres_over_tls.replace("localhost", "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        await select_1(f"{by_address}?sslmode=verify-full&sslrootcert={ours}")


async def test_postgresql_without_tls_is_refused_where_it_is_asked_for(database: str) -> None:
    with pytest.raises((OSError, asyncpg.PostgresError), match=r"(?i)ssl"):
        await select_1(f"{database}?sslmode=require")
    assert await select_1(f"{database}?sslmode=disable&application_name=other") == 1
