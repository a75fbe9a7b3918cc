"""What every verb may need of the deployment: its study, its vault and its public address."""

from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from pathlib import Path

from app.domain.reach import Channel
from app.domain.study import Study, load_study
from app.services.vault import Vault
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Night:
    """What is done at night: when by the study's clock, and where copies go (None: nowhere).

    `kept` copies stay; technical rows go once they are older than `retention`.
    """

    at: time = time(2, 30)
    backup_folder: Path | None = None
    kept: int = 14
    retention: timedelta = timedelta(days=180)


@dataclass(frozen=True)
class Deployment:
    """One running study. Built once at the edge and handed to the verbs.

    `channels` are the ways to participants that it has, `push_hosts` where browsers may take push
    messages.
    """

    study: Study
    vault: Vault
    base_url: str
    demo: bool = False
    channels: frozenset[Channel] = frozenset()
    push_hosts: tuple[str, ...] = ()
    night: Night = Night()
    heads_folder: Path | None = None
    heads_key_file: Path = Path("var/heads.key")

    @classmethod
    def of(cls, settings: Settings) -> "Deployment":
        """Load what the settings name, or raise StudyFault or ValueError."""
        return cls(
            study=_study(settings.study_folder),
            vault=vault_of(settings),
            base_url=settings.base_url,
            demo=settings.demo,
            channels=_channels(settings),
            push_hosts=settings.push_hosts,
            night=Night(
                at=settings.nightly_at,
                backup_folder=settings.backup_folder,
                kept=settings.backups_kept,
                retention=timedelta(days=settings.technical_retention_days),
            ),
            heads_folder=settings.heads_folder,
            heads_key_file=settings.heads_key_file,
        )


_study = cache(load_study)
"""A study does not change while a process runs, and takes a tenth of a second to load."""


def vault_of(settings: Settings) -> Vault:
    """Open the vault with the present secret and the earlier ones, or raise ValueError."""
    secrets = (settings.secret_key, *settings.previous_secret_keys)
    return Vault(*(secret.get_secret_value() for secret in secrets))


def _channels(settings: Settings) -> frozenset[Channel]:
    """The ways that the settings give; in the demo, e-mail and SMS are files."""
    has = {
        Channel.PUSH: True,
        Channel.EMAIL: bool(settings.smtp_host) or settings.demo,
        Channel.SMS: bool(settings.sms_url) or settings.demo,
    }
    return frozenset(channel for channel, is_there in has.items() if is_there)
