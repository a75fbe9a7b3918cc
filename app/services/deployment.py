"""What every verb may need of the deployment: its study, its vault and its public address."""

from dataclasses import dataclass
from functools import cache

from app.domain.reach import Channel
from app.domain.study import Study, load_study
from app.services.vault import Vault
from app.settings import Settings


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
