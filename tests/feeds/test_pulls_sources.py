"""A source is asked at the address that was checked, and says no more than it may."""

import asyncio
import gzip
import ssl
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.facilities.urls import Target
from app.feeds.pulls.addresses import Address
from app.feeds.pulls.failures import NotFetched
from app.feeds.pulls.sources import queries
from app.feeds.pulls.sources.queries import Way, fetch, secret
from tests.conftest import missing
from tests.feeds.sources import Request, Say, a_source, asked, head, saying, way

BODY = b'{"peilmoment": "2026-11-22T12:00:00Z"}'


async def refused(url: str, found: Way | None = None, **facts: object) -> NotFetched:
    with pytest.raises(NotFetched) as refused:
        await fetch(asked(url, **facts), found or way())
    return refused.value


async def test_a_message_is_asked_for_as_it_is_and_given_as_it_came() -> None:
    async with a_source(saying(BODY, ETag='"a1"')) as source:
        fetched = await fetch(asked(f"http://127.0.0.1:{source.port}/x?y=1"), way())

    [request] = source.asked
    assert (fetched.status, fetched.body, fetched.etag) == (200, BODY, '"a1"')
    assert fetched.media_type == "application/json"
    assert request.path == "/x?y=1"
    assert request.headers == {
        "host": f"127.0.0.1:{source.port}",
        "user-agent": "verkeerstoren",
        "accept": "application/json",
        "accept-encoding": "identity",
        "connection": "close",
    }


async def test_the_host_is_told_its_own_name_and_the_secret() -> None:
    names = {"feed.example": [["127.0.0.1"]]}
    async with a_source(saying(BODY)) as source:
        url = f"http://feed.example:{source.port}/"
        await fetch(asked(url, secret="s3cret"), way("feed.example", names))
        await fetch(
            asked(url, secret="s3cret", secret_header="X-Api-Key"), way("feed.example", names)
        )

    first, second = source.asked
    assert first.headers["host"] == f"feed.example:{source.port}"
    assert first.headers["authorization"] == "Bearer s3cret"
    assert second.headers["x-api-key"] == "s3cret"
    assert "authorization" not in second.headers


async def test_no_proxy_of_the_machine_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async with a_source(saying(BODY)) as source:
        fetched = await fetch(asked(f"http://127.0.0.1:{source.port}/"), way())

    assert fetched.body == BODY


async def check_then_connect_by_name(at: Target, way: Way) -> Sequence[Address]:
    """The broken twin: what is checked is one answer, what is connected to is another."""
    await checked(at, way)
    return await way.resolve(at.host, at.port)


checked = queries.checked


async def where(request: Request, writer: asyncio.StreamWriter) -> None:
    """Says at which address it was reached."""
    await saying(writer.get_extra_info("sockname")[0].encode())(request, writer)


@pytest.mark.parametrize(
    ("look", "reached"), [(checked, b"127.0.0.2"), (check_then_connect_by_name, b"127.0.0.1")]
)
async def test_a_name_that_changes_after_it_was_checked_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
    look: Callable[[Target, Way], object],
    reached: bytes,
) -> None:
    monkeypatch.setattr(queries, "checked", look)
    # The first answer may be gone to, those after it may not.
    rebinding = {"feed.example": [["127.0.0.2"], ["127.0.0.1"]]}
    async with a_source(where, host="0.0.0.0") as source:
        url = f"http://feed.example:{source.port}/"
        fetched = await fetch(asked(url), way("127.0.0.2/32", rebinding))

    assert fetched.body == reached


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1", "address-loopback"),
        ("[::1]", "address-loopback"),
        ("[::ffff:127.0.0.1]", "address-carries-ipv4"),
        ("169.254.169.254", "address-metadata"),
        ("10.0.0.1", "address-private"),
    ],
)
async def test_a_special_address_is_refused_however_it_is_written(host: str, code: str) -> None:
    assert (await refused(f"https://{host}/", way(""))).code == code


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
def test_an_address_in_disguise_is_looked_up_to_what_it_is(host: str) -> None:
    assert [str(each) for each in queries.look_up(host, 443)] in (["127.0.0.1"], [])


async def test_the_next_address_is_tried_when_one_cannot_be_reached() -> None:
    names = {"feed.example": [["127.0.0.3", "127.0.0.1"]]}
    async with a_source(saying(BODY)) as source:
        fetched = await fetch(asked(f"http://feed.example:{source.port}/"), way(names=names))

    assert fetched.body == BODY


def sending_on(*locations: str, status: int = 302) -> Say:
    """To each of these in turn, by the number in the path."""

    async def say(request: Request, writer: asyncio.StreamWriter) -> None:
        n = int(request.path.strip("/") or 0)
        if n < len(locations):
            writer.write(head(status, Location=locations[n], Content_Length=0))
        else:
            await saying(BODY)(request, writer)

    return say


async def test_three_redirects_are_followed_and_no_fourth() -> None:
    async with a_source(sending_on("/1", "2", "/3")) as source:
        fetched = await fetch(asked(f"http://127.0.0.1:{source.port}/"), way())
    async with a_source(sending_on("/1", "/2", "/3", "/4")) as longer:
        failure = await refused(f"http://127.0.0.1:{longer.port}/")

    assert (fetched.body, len(source.asked)) == (BODY, 4)
    assert (failure.code, len(longer.asked)) == ("too-many-redirects", 4)


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://169.254.169.254/latest/meta-data/", "address-metadata"),
        ("http://10.0.0.1/", "address-private"),
        ("http://inside.example/", "address-loopback"),
        ("//user:word@127.0.0.1/", "bad-redirect"),
        ("file:///etc/passwd", "bad-redirect"),
        ("gopher://127.0.0.1:70/", "bad-redirect"),
    ],
)
async def test_where_a_redirect_leads_is_checked_as_the_first_address_was(
    location: str, code: str
) -> None:
    names = {"inside.example": [["127.0.0.5"]]}
    async with a_source(sending_on(location)) as source:
        failure = await refused(f"http://127.0.0.1:{source.port}/", way("127.0.0.1/32", names))

    assert failure.code == code


async def test_a_secret_goes_to_no_other_origin() -> None:
    async with a_source(saying(BODY)) as other:
        async with a_source(sending_on(f"http://127.0.0.1:{other.port}/")) as source:
            url = f"http://127.0.0.1:{source.port}/"
            await fetch(asked(url, secret="s3cret"), way())
        async with a_source(sending_on("/1")) as same:
            await fetch(asked(f"http://127.0.0.1:{same.port}/", secret="s3cret"), way())

    assert "authorization" in source.asked[0].headers
    assert "s3cret" not in str(other.asked)
    assert ["authorization" in each.headers for each in same.asked] == [True, True]


async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Transfer_Encoding="chunked"))
    with suppress(OSError):
        while True:
            writer.write(b"10000\r\n" + bytes(65536) + b"\r\n")
            await writer.drain()


async def hanging(request: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def dripping(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Transfer_Encoding="chunked"))
    while True:
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.1)


async def garbage(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)) * 40)


async def cut_short(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Content_Length=1000) + b"{")


async def long_head(request: Request, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.write(b"HTTP/1.1 200 Said\r\n")
        while True:
            writer.write(b"X-More: " + bytes(65536).replace(b"\0", b"x") + b"\r\n")
            await writer.drain()


BOMB = gzip.compress(bytes(10_000_000))


@pytest.mark.parametrize(
    ("say", "code"),
    [
        (hanging, "timeout-read"),
        (dripping, "timeout-total"),
        (endless, "too-large"),
        (long_head, "not-http"),
        (garbage, "not-http"),
        (cut_short, "not-http"),
        (saying(bytes(4096)), "too-large"),
        (saying(b"{}", Content_Length=10**12), "too-large"),
        (saying(BOMB, Content_Encoding="gzip"), "content-encoded"),
        (saying(b"{}", Content_Encoding="br"), "content-encoded"),
        (saying(b"<html>", Content_Type="text/html"), "wrong-media-type"),
        (saying(b"{}", 500), "http-status"),
        (saying(b"", 204), "http-status"),
        (saying(b"", 304), "http-status"),
        (sending_on(""), "too-many-redirects"),
    ],
)
async def test_a_source_that_misbehaves_is_left_in_time_with_the_reason(
    say: Say, code: str
) -> None:
    async with a_source(say) as source:
        failure = await refused(f"http://127.0.0.1:{source.port}/", most_bytes=2048)

    assert failure.code == code


async def test_nobody_at_home_is_told_from_a_name_without_address() -> None:
    async with a_source(saying()) as source:
        port = source.port

    assert (await refused(f"http://127.0.0.1:{port}/")).code == "connection"
    assert (await refused("https://nowhere.example/")).code == "no-address"


async def test_a_source_that_says_when_to_come_back_is_heard() -> None:
    async with a_source(saying(b"", 503, Retry_After="77")) as source:
        failure = await refused(f"http://127.0.0.1:{source.port}/")

    assert (failure.status, failure.again_seconds, failure.passing) == (503, 77, True)


async def test_nothing_new_is_asked_for_by_the_marks_of_the_last_message() -> None:
    modified = "Sun, 22 Nov 2026 12:00:00 GMT"
    async with a_source(saying(b"", 304)) as source:
        url = f"http://127.0.0.1:{source.port}/"
        fetched = await fetch(asked(url, etag='"a1"', last_modified=modified), way())

    [request] = source.asked
    assert (fetched.status, fetched.body, fetched.etag) == (304, None, '"a1"')
    assert request.headers["if-none-match"] == '"a1"'
    assert request.headers["if-modified-since"] == modified


async def test_of_a_list_of_beds_no_digest_is_kept() -> None:
    modified = "Sun, 22 Nov 2026 12:00:00 GMT"
    marks: dict[str, Any] = {
        "ETag": '"5d41402abc4b2a76b9719d911017c592"',
        "Last-Modified": modified,
    }
    say = saying(b"AOA;1;O", 200, Content_Type="text/csv; charset=utf-8", **marks)
    async with a_source(say) as source:
        url = f"http://127.0.0.1:{source.port}/"
        fetched = await fetch(asked(url, media_type="text/csv"), way())

    assert (fetched.etag, fetched.last_modified) == (None, modified)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of feed.example, signed by itself: whoever trusts it trusts nothing else."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=feed.example", "-addext", "subjectAltName=DNS:feed.example"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        missing("openssl")
    return folder


@pytest.mark.parametrize(
    ("host", "trusts", "code"),
    [("feed.example", True, None), ("other.example", True, "tls"), ("feed.example", False, "tls")],
)
async def test_the_certificate_must_hold_for_the_name_and_not_for_the_address(
    certificate: Path, host: str, trusts: bool, code: str | None
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    named: list[str | None] = []
    server.set_servername_callback(lambda _, name, __: named.append(name))
    trusted = ssl.create_default_context(cafile=str(certificate / "cert.pem") if trusts else None)
    found = way(names={host: [["127.0.0.1"]]}, tls=trusted)
    told = None
    async with a_source(saying(BODY), tls=server) as source:
        try:
            fetched = await fetch(asked(f"https://{host}:{source.port}/"), found)
        except NotFetched as failure:
            told = failure.code

    assert told == code
    assert named == [host]
    assert code or fetched.body == BODY


async def test_from_https_nothing_leads_to_http(certificate: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    trusted = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    names = {"feed.example": [["127.0.0.1"]]}
    async with a_source(saying(BODY)) as plain:
        onward = sending_on(f"http://127.0.0.1:{plain.port}/")
        async with a_source(onward, tls=server) as source:
            url = f"https://feed.example:{source.port}/"
            failure = await refused(url, way(names=names, tls=trusted))

    assert failure.code == "redirect-to-http"
    assert plain.asked == []


def test_a_secret_is_one_line_of_a_file_in_its_folder(tmp_path: Path) -> None:
    folder, outside = tmp_path / "secrets", tmp_path / "outside"
    folder.mkdir()
    outside.write_text("not yours")
    (folder / "reo").write_text("s3cret\n")
    (folder / "linked").symlink_to(folder / "reo")
    (folder / "led-out").symlink_to(outside)
    (folder / "empty").write_text("\n")
    (folder / "lines").write_text("a\nb\n")
    (folder / "long").write_text("x" * 5000)
    (folder / "folder").mkdir()

    told = [secret(folder, "reo"), secret(folder, "linked")]

    assert told == ["s3cret", "s3cret"]
    for name in ("led-out", "empty", "lines", "long", "folder", "absent", "../outside", "..", ""):
        with pytest.raises(NotFetched) as failure:
            secret(folder, name)
        assert (failure.value.code, failure.value.passing) == ("secret-missing", False)
    with pytest.raises(NotFetched):
        secret(None, "reo")


def test_a_secret_is_not_shown_when_what_holds_it_is_printed() -> None:
    assert "s3cret" not in repr(asked("https://feed.example/", secret="s3cret"))
