"""Which addresses may take push messages: https, at a push service that the deployment allows.

A browser names the address, so it is checked when it is taken down and again before every message:
nobody may have the service speak to a host of their own choosing.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

HTTPS = 443
LONGEST_ENDPOINT = 1000
_PLAIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?/[!-\[\]-~]*")
"""Nothing in which two readers of an address could see two hosts: no user, blank or backslash."""


def is_push_host(endpoint: str, hosts: Iterable[str]) -> bool:
    """Whether an endpoint lies at one of these hosts or under it.

    A host is a domain, and stands for port 443; `localhost:8443` stands for that port alone.
    """
    if len(endpoint) > LONGEST_ENDPOINT or not _PLAIN.fullmatch(endpoint):
        return False
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", HTTPS if parts.port is None else parts.port
    except ValueError:
        return False
    for allowed in hosts:
        name, _, only = allowed.partition(":")
        if port == int(only or HTTPS) and (host == name or host.endswith(f".{name}")):
            return True
    return False
