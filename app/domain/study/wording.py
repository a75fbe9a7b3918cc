"""Words of a study in its languages, and the strict frozen model that every part of it builds on.

Interface words (buttons, errors) are in the gettext catalogues, not here. The rule kept: a sentence
exists in every language, with the same places to fill in, or the study does not load.
"""

from collections.abc import Iterable
from string import Formatter
from typing import Annotated, Any, Literal, Protocol, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

PLACEHOLDERS = frozenset(
    {"closes", "copies", "hours", "limb", "link", "opens", "phone", "tasks", "waiting"}
)

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
LimbName = Literal["hand", "foot"]
Side = Literal["left", "right"]
Version = Annotated[str, StringConstraints(pattern=r"^\d{4}\.\d{1,3}$")]
Sentence = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$")]


class Part(BaseModel):
    """A part of a study: every key known, of the exact type, and frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Text(Part):
    """One sentence in each language; `**` marks its bold words and `{limb}` a place to fill in.

    French and English always; a further language is one more key, which `languages` demands.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Sentence]

    fr: Sentence
    en: Sentence

    def in_(self, language: str) -> str:
        """Give the sentence in `language`; KeyError for a language that the study does not have."""
        return self.sentences()[language]

    def sentences(self) -> dict[str, str]:
        """Give every sentence by its language."""
        return {"fr": self.fr, "en": self.en, **self.__pydantic_extra__}

    @model_validator(mode="after")
    def _says_the_same(self) -> Self:
        wanted = _placeholders(self.fr)
        for language, sentence in self.sentences().items():
            names = _placeholders(sentence)
            if unknown := names - PLACEHOLDERS:
                raise ValueError(f"{language} has an unknown placeholder {{{min(unknown)}}}")
            if names != wanted:
                raise ValueError(f"{language} and fr differ in their placeholders")
            if sentence.count("**") % 2:
                raise ValueError(f"{language} opens bold words and does not close them")
        return self


class Choice(Part):
    """One answer to choose: the code that is stored and the words that are shown."""

    code: Code
    label: Text


class Coded(Protocol):
    """Anything known by a code."""

    @property
    def code(self) -> str:
        """Give the code."""


C = TypeVar("C", bound=Coded)


def distinct(parts: tuple[C, ...]) -> tuple[C, ...]:
    """Give the parts back; ValueError when there is none or when a code stands twice."""
    if not parts:
        raise ValueError("is empty")
    if (code := first_twice(part.code for part in parts)) is not None:
        raise ValueError(f"{code} stands twice")
    return parts


def first_twice(values: Iterable[str]) -> str | None:
    """Give the first value that stands twice, or None."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


Choices = Annotated[tuple[Choice, ...], AfterValidator(distinct)]


def _placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def texts_of(part: Any, path: tuple[str | int, ...] = ()) -> Iterable[tuple[str, Text]]:
    """Walk every text in a part, however deep, with its dotted place in the file."""
    if isinstance(part, Text):
        yield dotted(path), part
    elif isinstance(part, BaseModel):
        for name, value in part:
            yield from texts_of(value, (*path, name))
    elif isinstance(part, dict):
        for name, value in part.items():
            yield from texts_of(value, (*path, name))
    elif isinstance(part, tuple):
        for index, value in enumerate(part):
            yield from texts_of(value, (*path, index))


def dotted(path: Iterable[str | int]) -> str:
    """Write a place as a person reads it: `items[0].vas100.en`."""
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return key.removeprefix(".")
