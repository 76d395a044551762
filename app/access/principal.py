"""Who is calling: an organisation's client, with what it may do and how far it may see."""

from dataclasses import dataclass

from app.access.scopes import Audience, Scope


@dataclass(frozen=True)
class Principal:
    """Comes from the key, never from the body."""

    org_id: int
    organisation: str
    audience: Audience
    client_id: int | None
    client: str
    source_kind: str
    scopes: frozenset[str]
    kid: str = ""

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes
