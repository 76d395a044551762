"""Every setting of the tower, read from the environment; nothing is read at import."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is one environment variable; `docs/settings.md` lists them and a test compares."""

    model_config = SettingsConfigDict(env_prefix="TOREN_", extra="ignore", populate_by_name=True)

    database_url: str | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="Postgres for the application role, as postgresql://role@host/name. "
        "Unset: the embedded server in `data_dir`.",
    )
    database_owner_url: str | None = Field(
        None,
        validation_alias="DATABASE_OWNER_URL",
        description="The same database for the owner role: migrations, partitions, region file.",
    )
    database_worker_url: str | None = Field(
        None,
        validation_alias="DATABASE_WORKER_URL",
        description="The same database for the worker role: jobs. "
        "Unset: the owner URL, which then takes the worker role.",
    )
    pg_bin: Path | None = Field(
        None,
        validation_alias="PG_BIN",
        description="Folder with the Postgres programs, when the wheel's own do not serve.",
    )
    data_dir: Path = Field(Path("var"), description="Where the embedded Postgres keeps its data.")
    host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that the server listens on; 0: any.")
    key_pepper: SecretStr | None = Field(
        None,
        description="Secret that API keys are sealed with (HMAC-SHA256), at least 32 characters. "
        "Unset: made once in `data_dir`, for the embedded database only.",
    )
    pool_size: int = Field(8, ge=1, le=100, description="Connections to Postgres per process.")
    streams: int = Field(
        4, ge=1, le=50, description="Streamed answers at the same time per process."
    )
    max_body_bytes: int = Field(
        4 * 1024 * 1024, ge=1024, description="A larger request body is refused with 413."
    )
    max_import_bytes: int = Field(
        256 * 1024 * 1024,
        ge=1024,
        le=1 << 30,
        description="A larger file is refused with 413, as it is sent and as it is unpacked.",
    )
    imports_at_once: int = Field(
        2, ge=1, le=20, description="Files that one process brings in at the same time."
    )
    max_figures: int = Field(10_000, ge=1, description="Figures in one POST of reports.")
    feed_hosts: str = Field(
        "",
        description="Host names and networks, with commas between them, that feeds may be fetched "
        "from although they are not public, by http or at another port than 443 and 80. "
        "Unset: public addresses only.",
    )
    feed_secrets_dir: Path | None = Field(
        None, description="Folder with a file for each secret that a fetched feed names."
    )
    pulls_at_once: int = Field(
        16, ge=4, le=200, description="Feeds that one worker fetches at the same time."
    )
    pull_failures: int = Field(
        5, ge=1, le=100, description="Failures in a row that open the breaker of a fetched feed."
    )
    pull_pause_seconds: float = Field(
        60,
        ge=1,
        le=3600,
        description="How long a breaker stays open at first; twice as long after each trial that "
        "fails, up to an hour.",
    )
    overview_cache_seconds: float = Field(
        1.0, ge=0, le=1, description="How long an answer of the overview may be served again."
    )
    allow_unsafe_durability: bool = Field(
        False,
        description="Accept fsync, full_page_writes or synchronous_commit off: for the embedded "
        "server of the tests only, refused when DATABASE_URL is set.",
    )
    demo: bool = Field(
        False,
        description="Serve the region of Zoetermeer (fictief) from the embedded database, "
        "with the published demo keys.",
    )
    demo_days: int = Field(
        730,
        ge=0,
        le=3660,
        description="How many days of made-up figures the demo begins with; it then lives on. "
        "0: the region without figures, and nobody reports.",
    )
    demo_seed: int = Field(
        2026, ge=0, description="Chance in the demo; the same seed gives the same region."
    )
    log_level: str = Field("info", description="debug, info, warning or error.")
    contact_name: str = Field(
        "The operator of this tower", description="Whom integrators turn to, in the API document."
    )
    contact_url: str = Field(
        "https://verkeerstoren.example", description="Where integrators find help."
    )
    contact_email: str = Field(
        "beheer@verkeerstoren.example", description="Where integrators write to."
    )
