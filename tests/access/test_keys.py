"""Keys are made, listed and revoked by the command, on the embedded store that a server joins."""

import subprocess
import sys
import time

import httpx

from app.access.keys import demo_key
from tests.serving import ROOT, a_tower

SECRET = demo_key("caz-bord").secret


def test_a_revoked_key_opens_nothing_any_more() -> None:
    with a_tower("--demo") as (address, environment):

        def keys(*arguments: str) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "app", "keys", *arguments],
                check=True,
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
            )
            return done.stdout

        headers = {"Authorization": f"Bearer vt_demo-caz-bord_{SECRET}"}
        before = httpx.get(f"{address}/v1/overview", headers=headers)
        listed = keys("list", "caz-zoetermeer")
        keys("revoke", "demo-caz-bord")
        time.sleep(1.1)  # the longest that the server may use its verdict again
        after = httpx.get(f"{address}/v1/overview", headers=headers)
        listed_after = keys("list", "caz-zoetermeer")

    assert before.status_code == 200
    assert "demo-caz-bord  caz-zoetermeer  caz-bord  live" in listed
    assert SECRET not in listed
    assert after.status_code == 401
    assert "demo-caz-bord  caz-zoetermeer  caz-bord  revoked" in listed_after
    assert "demo-caz-koppeling  caz-zoetermeer  caz-koppeling  live" in listed_after
