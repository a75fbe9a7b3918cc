"""What a simulation remembers between runs: how far its clock came, its phones and its passwords.

One file beside the database, readable by its owner only. It is the simulated people's pockets, not
a source of truth: what they did is in the database.
"""

import os
import secrets
from datetime import date
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, Field


class Phone(BaseModel):
    """A simulated participant's phone: whose it is, and the credential in its cookie."""

    study_code: str
    credential: str


class Account(BaseModel):
    """A member of staff of the demo. `used_at` is the last instant of a simulated sign-in."""

    login: str
    password: str
    totp_secret: str
    used_at: AwareDatetime | None = None


class Visitor(BaseModel):
    """The participant whose phone is handed to whoever runs the demo, from an instant on."""

    number: int
    home: str
    session_1_on: date
    from_at: AwareDatetime


class Memory(BaseModel):
    """All that a run leaves to the next one.

    `coordinator` acts for the site in the simulation; `colleagues` are for whoever runs the demo.
    """

    seed: str
    began_on: date
    count: int
    scores: Path | None
    simulated_until: AwareDatetime
    coordinator: Account
    clinician: Account
    colleagues: dict[str, Account] = Field(default_factory=dict)
    api_key: str
    redcap_token: str = ""
    phones: dict[int, Phone] = Field(default_factory=dict)
    visitors: list[Visitor] = Field(default_factory=list)


def secret_of(folder: Path) -> str:
    """Give the demo's own secret, made at its first run."""
    path = folder / "secret.key"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text(encoding="utf-8")


def recall(path: Path) -> Memory | None:
    """Read what an earlier run left, or None."""
    if not path.exists():
        return None
    return Memory.model_validate_json(path.read_text(encoding="utf-8"))


def remember(path: Path, memory: Memory) -> None:
    """Write it down at once and whole."""
    write_private(path, memory.model_dump_json(indent=2))


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
