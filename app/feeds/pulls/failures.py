"""Why a feed could not be fetched: a fixed code each, and a sentence with the way out."""

from collections.abc import Mapping
from dataclasses import dataclass

OPERATOR = "The operator of the tower can list the host in TOREN_FEED_HOSTS if this is meant."
REASONS: Mapping[str, str] = {
    "no-address": "The host name has no address. Check the url of the feed.",
    **{
        f"address-{kind}": f"The host stands at an address that is not public ({kind}). {OPERATOR}"
        for kind in (
            *("unspecified", "loopback", "metadata", "link-local", "private", "carrier-nat"),
            *("multicast", "carries-ipv4", "reserved"),
        )
    },
    "not-https": f"The address begins with http, which anybody on the way can read. {OPERATOR}",
    "port-not-listed": f"The address names another port than 443 or 80. {OPERATOR}",
    "timeout-connect": "No connection within the time for it. Is the source up, and reachable?",
    "timeout-read": "The source was silent for longer than it may be. Is it overloaded?",
    "timeout-total": "The answer was not whole within the time for it. Send less, or faster.",
    "connection": "There was no connection, or it broke. Is the source up, and reachable?",
    "tls": "The source has no certificate that holds for its name. Renew it at the source.",
    "not-http": "What came was not HTTP. Check the url of the feed.",
    "http-status": "The source answered with an error; lastStatus says which.",
    "too-large": "The answer is larger than mostBytes. Send less, or have mostBytes raised.",
    "content-encoded": "The answer is compressed, and the tower asks for it as it is "
    "(Accept-Encoding: identity). Switch compression off for this address.",
    "wrong-media-type": "The answer is not what the feed's mediaType says. Set its Content-Type.",
    "too-many-redirects": "The source sent on more than three times. Give the last address as url.",
    "bad-redirect": "The source sent on to something that is no address. Correct it at the source.",
    "redirect-to-http": "The source sent on from https to http, where anybody can read along.",
    "secret-missing": "The file that `secret` names cannot be used: put one line into it, in the "
    "folder of TOREN_FEED_SECRETS_DIR.",
    "message-refused": "A message came, and nothing of it could be taken. Fetch it by "
    "`verkeerstoren feeds pull` to see why.",
    "not-stored": "The message came, and the tower could not store it. If it stays so, send "
    "less at once, or tell the operator of the tower.",
    "internal": "A fault of the tower's own, and it is logged. Tell its operator.",
}
# Asking again at once cannot help where the source, or the operator, has to change something.
WAITING = frozenset({400, 401, 402, 403, 404, 405, 406, 407, 410, 414, 415, 421, 422, 431, 451})
PASSING = frozenset(
    {
        *("timeout-connect", "timeout-read", "timeout-total", "connection", "no-address"),
        "not-stored",
    }
)


@dataclass(eq=False)
class NotFetched(Exception):
    """Nothing of a feed was taken in this time. Holds nothing of what the source said."""

    code: str
    status: int | None = None
    # What the source asked for by Retry-After, within its limit.
    again_seconds: float | None = None

    def __str__(self) -> str:
        return REASONS[self.code]

    @property
    def passing(self) -> bool:
        """Whether asking again soon may help."""
        if self.code == "http-status":
            return self.status not in WAITING
        return self.code in PASSING
