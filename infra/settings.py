"""Settings from the environment (CLAIMS_…); the command line may override the data directory."""

from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the ledger lives and how it works.

    ``database_url`` and ``nats_url`` go together: with both, those servers are used instead of embedded ones.
    ``partitions`` counts when a database is first used, and is fixed from then on.
    """

    model_config = SettingsConfigDict(env_prefix="CLAIMS_")

    data_dir: Path = Path(".claims")
    database_url: str | None = None
    nats_url: str | None = None
    partitions: int | None = Field(default=None, ge=1, le=64)
    batch_events: int = Field(default=500, ge=1, le=5_000)
    stream_replicas: int = Field(default=1, ge=1, le=5)
    log_level: str = "info"

    @model_validator(mode="after")
    def _both_or_neither(self) -> "Settings":
        if (self.database_url is None) != (self.nats_url is None):
            raise ValueError("CLAIMS_DATABASE_URL and CLAIMS_NATS_URL go together: set both or neither")
        return self

    @property
    def external(self) -> tuple[str, str] | None:
        """The servers given from outside, if any."""
        if self.database_url is None or self.nats_url is None:
            return None
        return self.database_url, self.nats_url
