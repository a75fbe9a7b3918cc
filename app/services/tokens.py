"""Unguessable tokens and the digests under which they are stored."""

import hashlib
import secrets

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters and digits that nobody mistakes for one another on the telephone."""


def new_token() -> str:
    """Make 192 random bits, safe in an address or a cookie."""
    return secrets.token_urlsafe(24)


def token_hash(token: str) -> str:
    """The digest that is stored in place of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_code(length: int) -> str:
    """Make a random code that a person can read out."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(length))
