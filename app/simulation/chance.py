"""Chance that can be repeated: one seed and key give one throw, in whatever order it is asked."""

from random import Random


def dice(*key: object) -> Random:
    """Give dice of their own for a key such as (seed, person, day, purpose)."""
    return Random("/".join(str(part) for part in key))  # noqa: S311 - nothing secret is drawn
