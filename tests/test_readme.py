"""The README's lines, word for word, on the tower that `make run` serves."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import missing
from tests.serving import ROOT, a_tower


def blocks() -> list[str]:
    found = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    return [block for block in found if "make " not in block]


def test_every_line_of_the_readme_does_what_it_says() -> None:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        missing("curl")
    with a_tower("--demo") as (address, environment):
        script = "set -e\n" + "\necho; echo ----\n".join(blocks())
        script = script.replace("http://127.0.0.1:8000", address)
        own = Path(sys.executable).parent
        script = script.replace(".venv/bin/verkeerstoren", f"{own}/python -m app")
        script = script.replace("curl -s", "curl -sS")
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
    stored, refused, message, asked, forecast, years, what_if = done.stdout.split("----")
    assert '"outcome":"stored"' in stored
    assert '"status":400' in refused
    assert refused.count('"pointer"') >= 3
    assert '"outcome":"stored"' in message
    assert "rejected" not in message
    assert '"unit":"reo-flex"' in asked
    assert "occupied" in asked
    assert '"horizon":"weeks"' in forecast
    assert '"horizon":"years"' in forecast
    assert '"subjectKind":"unit"' in years
    assert '"scenario":"baseline"' in years
    assert '"horizon":"years"' in years
    assert '"substitutionPools"' in years
    assert '"scenario":"langer-thuis"' in what_if
    assert "kind,of,year,figure,cause,p10,p50,p90,mean" in years
