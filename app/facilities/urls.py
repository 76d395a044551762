"""Where a feed's message is fetched: an address taken apart once, and never read a second time."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin

# Stricter than the standard: what two parsers may read in two ways is not an address here.
URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\.?"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>[/?][!-\"$-\[\]-~]*)?",
    re.IGNORECASE,
)
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Target:
    """An address in its parts; `path` holds the query too."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """What the header Host says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def onward(self, location: str) -> "Target":
        """Where a redirect leads. Raises ValueError for what is no address."""
        return target(urljoin(str(self), location))


def target(url: str) -> Target:
    """Raises ValueError with the way out."""
    found = URL.fullmatch(url)
    if found is None:
        raise ValueError(
            "Give an address like https://host/path: https or http, a host in plain letters "
            "(an international name as xn--...), no user or password, no # and no spaces. "
            "A password goes into a file that `secret` names."
        )
    scheme: Literal["http", "https"] = "https" if found["scheme"].lower() == "https" else "http"
    port = int(found["port"] or PORTS[scheme])
    if not 1 <= port <= 65535:
        raise ValueError("A port lies between 1 and 65535. Leave it out for the usual one.")
    path = found["path"] or "/"
    host = found["host"].lower().strip("[]")
    return Target(scheme, host, port, path if path.startswith("/") else f"/{path}")
