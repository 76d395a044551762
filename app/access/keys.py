"""API keys: `vt_<kid>_<secret>`. Only a seal of the secret is kept."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

KEY = re.compile(r"vt_([A-Za-z0-9-]{4,32})_([A-Za-z0-9_-]{32,64})")
# A demo key is published in the README, so only a fictief database takes it.
DEMO = "demo-"


@dataclass(frozen=True)
class Key:
    kid: str
    secret: str

    @property
    def text(self) -> str:
        return f"vt_{self.kid}_{self.secret}"

    @property
    def demo(self) -> bool:
        return self.kid.startswith(DEMO)


def new_key() -> Key:
    return Key(secrets.token_hex(6), secrets.token_urlsafe(32))


def demo_key(client: str) -> Key:
    """The same on every machine, since it is published."""
    seed = hashlib.sha256(f"verkeerstoren demo {client}".encode()).hexdigest()
    return Key(DEMO + client[:27], seed[:43])


def read_key(text: str) -> Key | None:
    found = KEY.fullmatch(text)
    return Key(found[1], found[2]) if found else None


def seal(key: Key, pepper: bytes) -> bytes:
    """HMAC-SHA256 over the whole key (RFC 2104): useless without the pepper."""
    return hmac.digest(pepper, key.text.encode(), "sha256")
