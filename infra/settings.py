"""Settings from the environment (CLAIMS_…); the command line may override the data directory."""

from pathlib import Path
from urllib.parse import urlencode, urlsplit

from pydantic import Field, FilePath, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Settings(BaseSettings):
    """Where the ledger lives and how it works.

    With ``database_url`` and ``nats_url`` those servers are used instead of embedded ones; commands that only read need
    the first alone. ``nats_ca`` holds the certificates of the authority that signed those of the NATS servers (PEM).
    ``partitions`` counts when a database is first used, and is fixed from then on. ``pg_bin`` is a folder with pg_dump
    and pg_restore to be used instead of our own, for a server newer than these. ``payees_key`` is the file of the keys
    of payees' accounts, where it does not stand beside the data folder, ``persons_key`` that of the persons' register.
    """

    model_config = SettingsConfigDict(env_prefix="CLAIMS_")

    data_dir: Path = Path(".claims")
    database_url: str | None = None
    nats_url: str | None = None
    nats_ca: FilePath | None = None
    partitions: int | None = Field(default=None, ge=1, le=64)
    batch_events: int = Field(default=1_500, ge=1, le=5_000)
    stream_replicas: int = Field(default=1, ge=1, le=5)
    log_level: str = "info"
    pg_bin: Path | None = None
    payees_key: Path | None = None
    persons_key: Path | None = None

    @field_validator("database_url")
    @classmethod
    def _of_postgresql(cls, url: str | None) -> str | None:
        return None if url is None else one_host_or_many(url)

    @field_validator("nats_url")
    @classmethod
    def _of_nats(cls, url: str | None) -> str | None:
        for each in url.split(",") if url else ():
            if urlsplit(each).scheme not in ("nats", "tls") or not urlsplit(each).hostname or not _has_port(each):
                raise ValueError("a URL of NATS is nats://user:password@host:port or tls://…, or several with commas")
        return url

    @field_validator("log_level")
    @classmethod
    def _known_to_logs(cls, level: str) -> str:
        if level.upper() not in LEVELS:
            raise ValueError(f"levels are {', '.join(LEVELS).lower()}, not {level}")
        return level

    @model_validator(mode="after")
    def _no_broker_alone(self) -> "Settings":
        if self.database_url is None and self.nats_url is not None:
            raise ValueError("CLAIMS_NATS_URL goes with CLAIMS_DATABASE_URL: set both or neither")
        return self

    @property
    def external(self) -> tuple[str, str] | None:
        """The servers given from outside, if any: database and NATS, the latter empty where only the first is given."""
        if self.database_url is None:
            return None
        return self.database_url, self.nats_url or ""


def one_host_or_many(url: str) -> str:
    """A URL of PostgreSQL, its hosts where every reader of it finds them.

    libpq's ``postgresql://user@a:5432,b:5432/db`` becomes ``postgresql://user@/db?host=a,b&port=5432,5432``, which is
    libpq's as well, and SQLAlchemy's ``postgresql+asyncpg`` becomes libpq's scheme. Raises ``ValueError``.
    """
    url = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("a URL of PostgreSQL is postgresql://user:password@host:port/database")
    login, at, hosts = parts.netloc.rpartition("@")
    if not parts.path.strip("/") or not all(_has_port(f"//{host}") for host in hosts.split(",")):
        raise ValueError("a URL of PostgreSQL is postgresql://user:password@host:port/database")
    if "," not in hosts:
        return url
    places = [urlsplit(f"//{host}") for host in hosts.split(",")]
    many = urlencode(
        {
            "host": ",".join(place.hostname or "localhost" for place in places),
            "port": ",".join(str(place.port or 5432) for place in places),
        },
        safe=",",
    )
    query = f"{parts.query}&{many}" if parts.query else many
    return parts._replace(netloc=login + at, query=query).geturl()


def _has_port(url: str) -> bool:
    """Whether a URL's port is a number, or left to the default."""
    try:
        urlsplit(url).port  # noqa: B018 - reading it is the check
    except ValueError:
        return False
    return True
