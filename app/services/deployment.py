"""What every verb may need of the deployment: its study, its vault and its public address."""

from dataclasses import dataclass

from app.domain.study import Study, load_study
from app.services.vault import Vault
from app.settings import Settings


@dataclass(frozen=True)
class Deployment:
    """One running study. Built once at the edge and handed to the verbs."""

    study: Study
    vault: Vault
    base_url: str
    demo: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Deployment":
        """Load what the settings name, or raise StudyFault or ValueError."""
        secrets = (settings.secret_key, *settings.previous_secret_keys)
        return cls(
            study=load_study(settings.study_folder),
            vault=Vault(*(secret.get_secret_value() for secret in secrets)),
            base_url=settings.base_url,
            demo=settings.demo,
        )
