"""Where a feed may send the tower: public addresses, and those that its operator has listed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from app.facilities.urls import PORTS, Target
from app.feeds.pulls.failures import NotFetched

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# By the special-purpose registries of IANA (RFC 6890) and the clouds' own documents. The first
# that fits names the address; what is in none of them and not global is "reserved".
NETWORKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("unspecified", ("0.0.0.0/8", "::/128")),
    ("loopback", ("127.0.0.0/8", "::1/128")),
    # Where a machine in a cloud asks for its own keys.
    (
        "metadata",
        (
            *("169.254.169.254/32", "169.254.170.2/32", "100.100.100.200/32", "168.63.129.16/32"),
            *("fd00:ec2::254/128", "fd20:ce::254/128"),
        ),
    ),
    ("link-local", ("169.254.0.0/16", "fe80::/10")),
    ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")),
    ("carrier-nat", ("100.64.0.0/10",)),
    ("multicast", ("224.0.0.0/4", "ff00::/8")),
    # Mapped, translated, compatible, NAT64 (twice), 6to4, Teredo: an IPv4 address goes along.
    (
        "carries-ipv4",
        (
            *("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48"),
            *("2002::/16", "2001::/32"),
        ),
    ),
)
# Elsewhere no IPv6 address has been given out yet.
GIVEN_OUT = ip_network("2000::/3")
# Relays to 6to4, given up by RFC 7526, and still global to Python.
RELAYS = ip_network("192.88.99.0/24")
KINDS = tuple((kind, tuple(map(ip_network, parts))) for kind, parts in NETWORKS)
# A name is somebody's to point wherever they like, so that listing a name opens only these.
BY_NAME = frozenset({"private", "loopback", "carrier-nat"})
NEVER = frozenset({"unspecified", "multicast"})


def kind_of(address: Address) -> str | None:
    """What makes an address special; None: it is a public one."""
    for kind, networks in KINDS:
        if any(address in network for network in networks):
            return kind
    given_out = address.version == 4 or address in GIVEN_OUT
    return None if address.is_global and given_out and address not in RELAYS else "reserved"


def carried(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses inside an IPv6 address that carries any."""
    if isinstance(address, IPv4Address) or kind_of(address) != "carries-ipv4":
        return
    if address.teredo:
        yield from address.teredo
    elif address.sixtofour:
        yield address.sixtofour
    else:
        yield IPv4Address(int(address) & 0xFFFFFFFF)


@dataclass(frozen=True)
class AllowList:
    """Hosts by name, and networks, that may be gone to although they are not public."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    def holds(self, host: str, address: Address) -> bool:
        return host in self.names or any(address in network for network in self.networks)

    def objection(self, host: str, address: Address) -> str | None:
        """What kind of address this host may not stand at; None: it may be gone to."""
        kind = kind_of(address)
        if kind is None or (host in self.names and kind in BY_NAME):
            return None
        if kind in NEVER or not any(address in network for network in self.networks):
            return kind
        inner = (self.objection(host, each) for each in carried(address))
        return next((each for each in inner if each is not None), None)


def allow_list(listed: str) -> AllowList:
    """Of names and networks with commas between them. Raises ValueError with the way out."""
    names: set[str] = set()
    networks: list[Network] = []
    for entry in filter(None, (each.strip().lower() for each in listed.split(","))):
        if entry.replace(".", "").replace("-", "").isalnum() and not entry[-1].isdigit():
            names.add(entry)
            continue
        try:
            networks.append(ip_network(entry))
        except ValueError as error:
            raise ValueError(
                f"TOREN_FEED_HOSTS has an entry that is neither a host name nor a network: "
                f"{entry!r} ({error}). Write names and networks with commas between them, "
                "as in feeds.example.org,10.1.2.0/24."
            ) from None
    return AllowList(frozenset(names), tuple(networks))


def check(target: Target, addresses: Sequence[Address], allowed: AllowList) -> None:
    """Raises NotFetched unless every address that the host stands at may be gone to.

    One that may not spoils all: a name that mixes them is how a guard is slipped past.
    """
    if not addresses:
        raise NotFetched("no-address")
    for address in addresses:
        kind = allowed.objection(target.host, address)
        if kind is not None:
            raise NotFetched(f"address-{kind}")
        listed = allowed.holds(target.host, address)
        if target.scheme == "http" and not listed:
            raise NotFetched("not-https")
        if target.port not in PORTS.values() and not listed:
            raise NotFetched("port-not-listed")


def literal(host: str) -> Address | None:
    """The address that a host is written as, if it is one."""
    try:
        return ip_address(host)
    except ValueError:
        return None
