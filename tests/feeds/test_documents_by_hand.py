"""The lines of docs/feeds, word for word, on the tower that `make run` serves."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import missing
from tests.serving import ROOT, a_tower

PAGES = sorted((ROOT / "docs/feeds").glob("*.md"))
ADDRESS = "http://127.0.0.1:8000"
NEXT = "\n---- next block ----\n"
# Where a key stands in a block; what the block sent is asked back with it.
KEY = re.compile(r"Authorization: Bearer (vt_[\w-]+)")


def blocks(page: Path) -> list[str]:
    """What of a page is sent by hand."""
    found = re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return [block for block in found if "curl" in block]


BY_HAND = [page for page in PAGES if blocks(page)]


@pytest.fixture(scope="module")
def tower() -> Iterator[tuple[str, dict[str, str]]]:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        missing("curl")
    with a_tower("--demo") as served:
        yield served


def said(block: str, address: str, environment: dict[str, str]) -> str:
    """What a block prints; bash ends at the first line that goes wrong."""
    script = "set -e\n" + block.replace(ADDRESS, address).replace("curl -s ", "curl -sS ")
    own = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        cwd=ROOT,
        env={**environment, "PATH": f"{own}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(printed: str) -> list[Any]:
    """The JSON documents in what was printed; the rest is passed over."""
    found, decoder, at = [], json.JSONDecoder(), 0
    while (at := printed.find("{", at)) >= 0:
        try:
            told, at = decoder.raw_decode(printed, at)
        except json.JSONDecodeError:
            at += 1
        else:
            found.append(told)
    return found


def arrived(address: str, key: str, report: dict[str, Any]) -> Any:
    """The report as the tower gives it back to who sent it."""
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.get(f"{address}/v1/reports/{report['report']}", headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def check_what_was_sent_is_there(address: str, block: str, printed: str) -> None:
    found = answers(printed)
    assert found, "The block prints no answer."
    refused = [each for each in found if each.get("status", 0) in range(400, 600)]
    assert refused == []
    if "/messages" in block:
        reports = [report for each in found for report in each.get("reports", ())]
        assert reports, "The block sends a message, and no report came of it."
        assert {report["outcome"] for report in reports} <= {"stored", "repeated"}
        [key, *_] = KEY.findall(block)
        stored = [report for report in reports if report["outcome"] == "stored"]
        kept = [(arrived(address, key, report), report) for report in stored]
        assert [len(there["figures"]) for there, _ in kept] == [r["figures"] for _, r in kept]
        assert all(report["figures"] for report in stored)


@pytest.mark.parametrize("page", BY_HAND, ids=lambda page: page.stem)
def test_what_a_page_says_to_send_arrives(tower: tuple[str, dict[str, str]], page: Path) -> None:
    address, environment = tower
    for block in blocks(page):
        check_what_was_sent_is_there(address, block, said(block, address, environment))


def test_a_page_whose_message_is_refused_is_caught(tower: tuple[str, dict[str, str]]) -> None:
    address, environment = tower
    [block, *_] = blocks(ROOT / "docs/feeds/reo.md")
    twin = re.sub(r"-d @\S+", "-d '{\"locaties\": []}'", block)

    with pytest.raises(AssertionError):
        check_what_was_sent_is_there(address, twin, said(twin, address, environment))


def test_each_format_opens_with_a_line_that_sends_it() -> None:
    names = {page.stem for page in BY_HAND}

    assert names >= {"README", "reo", "caz", "huisartsenpost", "hospital"}
    opened = [(ROOT / f"docs/feeds/{name}.md").read_text() for name in ("reo", "caz")]
    assert all(text.split("\n\n")[1].startswith("```sh\ncurl") for text in opened)
