"""Settings from the environment (CLAIMS_…); the command line may override the data directory."""

from pathlib import Path

from pydantic import Field, FilePath, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the ledger lives and how it works.

    With ``database_url`` and ``nats_url`` those servers are used instead of embedded ones; commands that only read need
    the first alone. ``nats_ca`` holds the certificates of the authority that signed those of the NATS servers (PEM).
    ``partitions`` counts when a database is first used, and is fixed from then on. ``pg_bin`` is a folder with pg_dump
    and pg_restore to be used instead of our own, for a server newer than these.
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
