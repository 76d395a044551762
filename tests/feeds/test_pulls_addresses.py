"""Which addresses a feed may send the tower to, and how its own address is read."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis.strategies import ip_addresses
from pydantic import ValidationError

from app.facilities.schemas import PullFacts
from app.facilities.urls import target
from app.feeds.pulls.addresses import allow_list, carried, check, kind_of
from app.feeds.pulls.failures import REASONS, NotFetched

PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
SPECIAL = {
    "127.0.0.1": "loopback",
    "127.8.9.1": "loopback",
    "::1": "loopback",
    "0.0.0.0": "unspecified",
    "::": "unspecified",
    "10.0.0.7": "private",
    "172.31.0.1": "private",
    "192.168.1.1": "private",
    "fd12::1": "private",
    "fec0::1": "private",
    "169.254.10.1": "link-local",
    "fe80::1": "link-local",
    "169.254.169.254": "metadata",
    "fd00:ec2::254": "metadata",
    "168.63.129.16": "metadata",
    "100.64.0.1": "carrier-nat",
    "224.0.0.1": "multicast",
    "ff02::1": "multicast",
    "::ffff:127.0.0.1": "carries-ipv4",
    "::ffff:93.184.215.14": "carries-ipv4",
    "::ffff:0:127.0.0.1": "carries-ipv4",
    "::127.0.0.1": "carries-ipv4",
    "64:ff9b::7f00:1": "carries-ipv4",
    "64:ff9b:1::7f00:1": "carries-ipv4",
    "2002:7f00:1::": "carries-ipv4",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "carries-ipv4",
    "255.255.255.255": "reserved",
    "240.0.0.1": "reserved",
    "192.0.2.1": "reserved",
    "198.18.0.1": "reserved",
    "192.88.99.1": "reserved",
    "2001:db8::1": "reserved",
    "5f00::1": "reserved",
    "100::1": "reserved",
}


def objection(host: str, *addresses: str, allowed: str = "", url: str | None = None) -> str | None:
    try:
        at = target(url or f"https://{host}/")
        check(at, [ip_address(each) for each in addresses], allow_list(allowed))
    except NotFetched as failure:
        return failure.code
    return None


@pytest.mark.parametrize(("address", "kind"), SPECIAL.items())
def test_a_name_that_stands_at_a_special_address_is_refused(address: str, kind: str) -> None:
    code = objection("feed.example", address)

    assert code == f"address-{kind}"
    assert kind in REASONS[code]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_name_that_stands_at_a_public_address_is_not(address: str) -> None:
    assert objection("feed.example", address) is None


def test_one_special_address_among_public_ones_spoils_them_all() -> None:
    assert objection("feed.example", *PUBLIC, "10.0.0.7") == "address-private"
    assert objection("feed.example") == "no-address"


@given(ip_addresses())
def test_nothing_that_the_standard_library_calls_special_passes(
    address: IPv4Address | IPv6Address,
) -> None:
    special = (
        *(address.is_private, address.is_loopback, address.is_link_local, address.is_multicast),
        *(address.is_unspecified, address.is_reserved, not address.is_global),
    )

    assert kind_of(address) is not None or not any(special)


@pytest.mark.parametrize(
    ("address", "allowed", "code"),
    [
        ("10.0.0.7", "feed.example", None),
        ("127.0.0.1", "feed.example", None),
        ("100.64.0.1", "feed.example", None),
        ("10.0.0.7", "other.example", "address-private"),
        # Whoever holds the name points it where they like: a name opens no metadata.
        ("169.254.169.254", "feed.example", "address-metadata"),
        ("169.254.1.1", "feed.example", "address-link-local"),
        ("::ffff:10.0.0.7", "feed.example", "address-carries-ipv4"),
        ("169.254.169.254", "169.254.169.254/32", None),
        ("10.0.0.7", "10.0.0.0/24", None),
        ("10.0.1.7", "10.0.0.0/24", "address-private"),
        ("10.0.1.7", " 10.0.0.0/24 , feed.example ", None),
        # What an address carries must be allowed as well.
        ("64:ff9b::5db8:d70e", "64:ff9b::/96", None),
        ("64:ff9b::7f00:1", "64:ff9b::/96", "address-loopback"),
        ("64:ff9b::7f00:1", "64:ff9b::/96,127.0.0.0/8", None),
        ("224.0.0.1", "0.0.0.0/0", "address-multicast"),
        ("0.0.0.0", "0.0.0.0/0", "address-unspecified"),
    ],
)
def test_the_allow_list_opens_what_it_names_and_no_more(
    address: str, allowed: str, code: str | None
) -> None:
    assert objection("feed.example", address, allowed=allowed) == code


@pytest.mark.parametrize(
    ("url", "allowed", "code"),
    [
        ("https://feed.example/x", "", None),
        ("https://feed.example:8443/x", "", "port-not-listed"),
        ("https://feed.example:8443/x", "feed.example", None),
        ("http://feed.example/x", "", "not-https"),
        ("http://feed.example:8080/x", "93.184.0.0/16", None),
    ],
)
def test_http_and_other_ports_are_for_listed_hosts(
    url: str, allowed: str, code: str | None
) -> None:
    assert objection("feed.example", PUBLIC[0], allowed=allowed, url=url) == code


def test_every_carried_address_is_found() -> None:
    teredo = "2001:0:4136:e378:8000:63bf:3fff:fdd2"

    found = {text: [str(each) for each in carried(ip_address(text))] for text in SPECIAL}

    assert found[teredo] == ["65.54.227.120", "192.0.2.45"]  # RFC 4380, as in Wikipedia's example
    assert found["2002:7f00:1::"] == found["::ffff:127.0.0.1"] == ["127.0.0.1"]
    assert found["127.0.0.1"] == found["::1"] == []


@pytest.mark.parametrize(
    "listed", ["10.0.0.1/8", "10.0.0.0/33", "https://feed.example", "a b", "8"]
)
def test_an_entry_that_cannot_be_read_is_named(listed: str) -> None:
    with pytest.raises(ValueError, match="TOREN_FEED_HOSTS"):
        allow_list(f"feed.example,{listed}")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://feed.example/",
        "file:///etc/passwd",
        "https://user:word@feed.example/",
        "https://user@feed.example/",
        "https://feed.example\\@other.example/",
        "https://feed.example/#part",
        "https://feed.example/a b",
        "https://f\u00e9ed.example/",
        "https://feed.example:0/",
        "https://feed.example:99999/",
        "https:///x",
        "https://-feed.example/",
        "https://[fe80::1%25eth0]/",
        "https://feed.example\r\nHost: other.example/",
        "//feed.example/",
        "",
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PullFacts(url=url)

    assert "Give an address like" in str(refused.value) or "A port lies" in str(refused.value)


def test_an_address_is_read_once() -> None:
    at = target("HTTPS://Feed.Example.:443/a?b=c")

    assert (at.scheme, at.host, at.port, at.path) == ("https", "feed.example", 443, "/a?b=c")
    assert (at.authority, str(at)) == ("feed.example", "https://feed.example/a?b=c")
    assert target("http://[::1]:8080?x").authority == "[::1]:8080"
    assert str(at.onward("d")) == "https://feed.example/d"
    assert str(at.onward("//other.example:8443/")) == "https://other.example:8443/"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"every_seconds": 4}, "greater than or equal to 5"),
        ({"every_seconds": 10, "jitter_seconds": 6}, "at most half of everySeconds"),
        ({"most_bytes": 10**9}, "less than or equal to"),
        ({"secret": "../key"}, "should match pattern"),
        ({"secret": "a", "secret_header": "Host"}, "Use Authorization or X-Api-Key"),
        ({"media_type": "json"}, "should match pattern"),
        ({"timeout_seconds": {"total": 0}}, "greater than 0"),
        ({"password": "x"}, "Extra inputs"),
    ],
)
def test_what_is_said_of_fetching_has_its_limits(facts: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PullFacts.model_validate({"url": "https://feed.example/", **facts})
