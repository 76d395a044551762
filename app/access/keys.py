"""API keys `vt_<kid>_<secret>`, tokens of sessions, codes of pairings. Only seals are kept."""

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass

KEY = re.compile(r"vt_([A-Za-z0-9-]{4,32})_([A-Za-z0-9_-]{32,64})")
# A demo key is published in the README, so only a fictief database takes it.
DEMO = "demo-"
# Made at a page of a made-up region: as little good elsewhere, but known to who made it alone.
FICTIEF = "fictief-"
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
        return self.kid.startswith((DEMO, FICTIEF))


def new_key() -> Key:
    return Key(secrets.token_hex(6), secrets.token_urlsafe(32))


def key_for(form: uuid.UUID, organisation: str, pepper: bytes, fictief: bool) -> Key:
    """A new key whose id follows from the form that asks for it, so that to send it again is
    harmless. Nobody can wish for an id: it rests on the pepper."""
    told = b"kid " + organisation.encode() + form.bytes
    kid = hmac.digest(pepper, told, "sha256")[:6].hex()
    return Key((FICTIEF if fictief else "") + kid, secrets.token_urlsafe(32))


def demo_key(client: str) -> Key:
    """The same on every machine, since it is published."""
    seed = hashlib.sha256(f"verkeerstoren demo {client}".encode()).hexdigest()
    return Key(DEMO + client[:27], seed[:43])


def new_token() -> str:
    """What a browser holds of its session, in 43 characters."""
    return secrets.token_urlsafe(32)


def code_of(pairing: uuid.UUID, pepper: bytes) -> str:
    """What a phone is paired with: 60 bits that can be typed over, of no letter like another.

    Of one pairing always the same, so that asking for it twice is harmless; a guess without the
    pepper.
    """
    bits = int.from_bytes(hmac.digest(pepper, b"code " + pairing.bytes, "sha256")[:8])
    letters = "".join(CODE_LETTERS[bits >> 5 * n & 31] for n in range(12))
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
