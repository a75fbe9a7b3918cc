"""One frozen Settings, built at the edge and passed down; nothing else reads the environment.

Every setting is an environment variable `DIARY_<NAME>`; a secret may come from a file instead
(`DIARY_<NAME>_FILE`), as container platforms hand them out.
"""

import os
from datetime import time
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

FROM_FILES = (
    "secret_key",
    "previous_secret_keys",
    "smtp_password",
    "sms_token",
    "sms_report_token",
    "database_url",
)
"""Settings that may come from a file instead; the earlier secrets stand in theirs one a line."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Settings(BaseSettings):
    """How this deployment runs. `python -m app serve` refuses to start when a value is unsafe."""

    model_config = SettingsConfigDict(
        env_prefix="DIARY_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: str = Field(
        "sqlite:///var/diary.db", description="SQLite file or postgresql:// address"
    )
    base_url: str = Field(
        "http://localhost:8000", description="Address that people type, without a path"
    )
    study: str = Field("meso_sdrc", description="Folder of the study under app/studies")
    secret_key: SecretStr = Field(
        SecretStr(""), description="At least 32 random characters; seals contact data and TOTP"
    )
    previous_secret_keys: tuple[SecretStr, ...] = Field(
        (), description="Earlier keys, still able to read, while a rotation is under way"
    )
    demo: bool = Field(False, description="Simulated study: accepts the demo's credentials")
    embedded_schedule: bool = Field(True, description="`serve` runs the reminder schedule too")
    log_format: Literal["json", "console"] = Field("json", description="Shape of log lines")
    redcap_facade: bool = Field(
        False,
        description="Answer scripts written for REDCap at /redcap/api/, for reading alone; its"
        " tokens are made at the desk or with `keys add --kind redcap`",
    )
    requests_per_minute: int = Field(
        1200, ge=1, description="Requests that one key of the trial database may make in a minute"
    )
    smtp_host: str = Field("", description="Mail server; empty: e-mail reminders are off")
    smtp_port: int = Field(587, description="Port of the mail server")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to the mail server is protected"
    )
    smtp_user: str = Field("", description="User at the mail server; empty: no sign-in")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password at the mail server")
    mail_sender: str = Field(
        "carnet@localhost", description="Sender of reminders; must not name a disease"
    )
    sms_url: str = Field("", description="Address of the SMS gateway; empty: no text messages")
    sms_token: SecretStr = Field(SecretStr(""), description="Bearer token at the SMS gateway")
    sms_sender: str = Field(
        "Carnet", description="Sender of text messages; must not name a disease"
    )
    sms_report_token: SecretStr = Field(
        SecretStr(""), description="Bearer token of the gateway's reports; empty: none are taken"
    )
    push_hosts: tuple[str, ...] = Field(
        (
            "fcm.googleapis.com",
            "updates.push.services.mozilla.com",
            "push.apple.com",
            "notify.windows.com",
        ),
        description="Push services that browsers may name, with all that lies under them; JSON",
    )
    trusted_proxies: str = Field(
        "127.0.0.1", description="Proxies whose forwarded headers are believed"
    )
    backup_folder: Path | None = Field(
        None, description="Folder of the nightly backups; empty: none are made"
    )
    nightly_at: time = Field(
        time(2, 30), description="When the night's work begins, by the study's clock"
    )
    heads_folder: Path | None = Field(
        None, description="Folder of the daily signed heads, kept apart; empty: none are signed"
    )
    heads_key_file: Path = Field(
        Path("var/heads.key"), description="Key that signs them; made at first use, kept apart"
    )
    backups_kept: int = Field(
        14, ge=1, description="Nightly backups that stay; older ones go after a verified newer one"
    )
    technical_retention_days: int = Field(
        180,
        ge=1,
        description="Days after which throttles, expired sign-ins and the like are erased",
    )
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of the metrics; 0: none")
    metrics_host: str = Field("127.0.0.1", description="Address on which the metrics are served")
    trust_clock: bool = Field(
        False, description="Starts even when this machine's clock lies before the last change"
    )

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: dict[str, object]) -> dict[str, object]:
        for name in FROM_FILES:
            path = os.environ.get(f"DIARY_{name.upper()}_FILE")
            if path and name not in values:
                told = Path(path).read_text(encoding="utf-8").strip()
                values[name] = told.split() if name == "previous_secret_keys" else told
        return values

    @field_validator("backup_folder", "heads_folder", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
            raise ValueError("must look like https://host, without a path")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("sms_url")
    @classmethod
    def _protected(cls, value: str) -> str:
        parts = urlsplit(value)
        is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if value and not (is_local or (parts.scheme == "https" and parts.hostname)):
            raise ValueError("must begin with https://, unless the gateway is on this machine")
        if "@" in parts.netloc:
            raise ValueError("must not hold a password: that is what sms_token is for")
        return value

    @field_validator("secret_key", "sms_report_token")
    @classmethod
    def _strong(cls, value: SecretStr) -> SecretStr:
        secret = value.get_secret_value()
        if secret and (len(secret) < 32 or len(set(secret)) < 10):
            raise ValueError("needs at least 32 random characters: openssl rand -base64 48")
        return value

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.demo and urlsplit(self.base_url).hostname not in _LOOPBACK:
            raise ValueError("demo mode serves this machine only: base_url must be localhost")
        if not self.secure_cookies and urlsplit(self.base_url).hostname not in _LOOPBACK:
            raise ValueError("base_url must begin with https://, unless it is this machine's own")
        return self

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies carry the Secure attribute: whenever people come over TLS."""
        return self.base_url.startswith("https://")

    @property
    def study_folder(self) -> Path:
        """Where the study definition lies."""
        return Path(__file__).parent / "studies" / self.study
