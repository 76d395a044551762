"""Who is calling: an organisation's client, with what it may do and how far it may see."""

import uuid
from dataclasses import dataclass

from app.access.scopes import Audience, Scope

# The number of the region itself, which is no provider.
REGION = 0


@dataclass(frozen=True)
class Principal:
    """Comes from the key or the session, never from the body."""

    org_id: int
    organisation: str
    audience: Audience
    client_id: int | None
    client: str
    source_kind: str
    scopes: frozenset[str]
    kid: str = ""
    # Of whom is signed in at a page: which session, and of a paired phone its only unit.
    session_id: uuid.UUID | None = None
    unit: str = ""

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes
