"""API keys `vt_<kid>_<secret>`, tokens of sessions, codes of pairings. Only seals are kept."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

KEY = re.compile(r"vt_([A-Za-z0-9-]{4,32})_([A-Za-z0-9_-]{32,64})")
# A demo key is published in the README, so only a fictief database takes it.
DEMO = "demo-"
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


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


def new_token() -> str:
    """What a browser holds of its session, in 43 characters."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """What a phone is paired with: 60 bits that can be typed over, of no letter like another."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(12))
    return "-".join(letters[n : n + 4] for n in (0, 4, 8))


def seal_token(token: str, pepper: bytes) -> bytes:
    """As that of a key; what it is of stands in it, so that neither passes for the other."""
    return hmac.digest(pepper, b"session " + token.encode(), "sha256")


def read_key(text: str) -> Key | None:
    found = KEY.fullmatch(text)
    return Key(found[1], found[2]) if found else None


def seal(key: Key, pepper: bytes) -> bytes:
    """HMAC-SHA256 over the whole key (RFC 2104): useless without the pepper."""
    return hmac.digest(pepper, key.text.encode(), "sha256")
