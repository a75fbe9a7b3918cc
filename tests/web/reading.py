"""A browser without script, as far as forms go: what a page would post, and what it says."""

from collections import defaultdict
from html.parser import HTMLParser
from typing import Any


class Page(HTMLParser):
    """A page as read: `forms` maps each form's action to what it would post untouched.

    A button posts nothing until it is pressed.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, list[str]]] = {}
        self.links: list[str] = []
        self.words: list[str] = []
        self._form: defaultdict[str, list[str]] = defaultdict(list)
        self._select: tuple[str, list[str]] | None = None
        self._textarea: str | None = None
        self.feed(html)

    @property
    def text(self) -> str:
        """All words of the page, in order."""
        return " ".join(" ".join(self.words).split())

    def form(self, action: str) -> dict[str, Any]:
        """What the form of an address posts when nobody touches it: name -> values."""
        return {name: list(values) for name, values in self.forms[action].items()}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a form holds and where links lead."""
        said = {name: value if value is not None else "" for name, value in attrs}
        match tag:
            case "form":
                self._form = defaultdict(list)
                self.forms[said.get("action", "")] = self._form
            case "input":
                self._input(said)
            case "select":
                self._select = (said["name"], [])
            case "option" if self._select:
                if "selected" in said or not self._select[1]:
                    self._select[1][:] = [said["value"]]
            case "textarea":
                self._textarea = said["name"]
                self._form[said["name"]] = [""]
            case "a" if "href" in said:
                self.links.append(said["href"])

    def handle_endtag(self, tag: str) -> None:
        """Close what was open."""
        if tag == "select" and self._select:
            self._form[self._select[0]] += self._select[1]
            self._select = None
        if tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        """Note the words."""
        if self._textarea:
            self._form[self._textarea] = [data]
        elif data.strip():
            self.words.append(data.strip())

    def _input(self, said: dict[str, str]) -> None:
        is_choice = said.get("type") in ("radio", "checkbox")
        if "name" in said and (not is_choice or "checked" in said):
            self._form[said["name"]].append(said.get("value", "on"))
