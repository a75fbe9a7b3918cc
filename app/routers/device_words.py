"""What a device is called: "iPhone, Safari", made from what its browser says of itself.

Only these words are stored with a device, never the whole of what the browser said. They are names
of products, the same in every language; a browser that says nothing of use is "a phone".
"""

import re

from app.rendering import translations

_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac", "Mac"),
    ("Linux", "Linux"),
)
_BROWSERS = (
    ("Edg", "Edge"),
    ("Samsung", "Samsung Internet"),
    ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS", "Chrome"),
    ("Safari", "Safari"),
)
"""A pattern and the name that it stands for; the first that is found counts, since browsers claim
to be one another. Every name fits its own pattern, so that a name is its own name."""


def name_of(user_agent: str) -> str:
    """Name a device by its browser's words about itself; empty when they tell nothing."""
    found = (
        next((name for pattern, name in table if re.search(pattern, user_agent)), "")
        for table in (_SYSTEMS, _BROWSERS)
    )
    return ", ".join(filter(None, found))


def said(label: str, lang: str) -> str:
    """What a stored device is called on a page."""
    return name_of(label) or translations(lang).gettext("A phone")
