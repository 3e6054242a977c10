"""Settings from the environment: what can't be used is told in a sentence that names the variable."""

import pytest
import typer

from infra.cli.options import settings_of
from infra.settings import one_host_or_many


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CLAIMS_LOG_LEVEL", "bogus", "CLAIMS_LOG_LEVEL: levels are debug, info, warning, error, critical, not bogus"),
        ("CLAIMS_DATABASE_URL", "u@a:1,b:2/db", "CLAIMS_DATABASE_URL: a URL of PostgreSQL is postgresql://user:"),
        ("CLAIMS_DATABASE_URL", "postgresql://u@a:x/db", "CLAIMS_DATABASE_URL: a URL of PostgreSQL is"),
        ("CLAIMS_DATABASE_URL", "mysql://u@a/db", "CLAIMS_DATABASE_URL: a URL of PostgreSQL is"),
        ("CLAIMS_NATS_URL", "localhost:4222", "CLAIMS_NATS_URL: a URL of NATS is nats://user:password@host:port"),
        ("CLAIMS_NATS_URL", "nats://a:1,nats://b:x", "CLAIMS_NATS_URL: a URL of NATS is"),
        ("CLAIMS_PARTITIONS", "many", "CLAIMS_PARTITIONS: Input should be a valid integer"),
        ("CLAIMS_NATS_CA", "/nowhere/ca.pem", "CLAIMS_NATS_CA: Path does not point to a file"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv("CLAIMS_DATABASE_URL", "postgresql://u@a/db")
    monkeypatch.setenv(name, value)
    with pytest.raises(typer.BadParameter) as refused:
        settings_of(None)
    assert str(refused.value).startswith(f"环境变量不可用：{said}")


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("postgresql://u:p@a/db?sslmode=require", "postgresql://u:p@a/db?sslmode=require"),
        ("postgresql://u:p@a:1,b:2/db", "postgresql://u:p@/db?host=a,b&port=1,2"),
        (
            "postgresql://u:p@a,b:2/db?target_session_attrs=read-write",
            "postgresql://u:p@/db?target_session_attrs=read-write&host=a,b&port=5432,2",
        ),
    ],
)
def test_several_hosts_are_read_as_libpq_reads_them(url: str, read: str) -> None:
    assert one_host_or_many(url) == read
    assert one_host_or_many(read) == read
