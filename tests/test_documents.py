"""The documents are whole, and no committed file tells on which machine it was made."""

import inspect
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from app.access.disclosure import Detail, Shown
from app.access.scopes import AUDIENCES, SCOPES
from app.facilities import schemas as facts
from app.observations import measures
from app.observations import schemas as reports
from app.wire import Wire

ROOT = Path(__file__).resolve().parents[1]
DECISIONS = ROOT / "docs" / "decisions"

# Folders that any machine has: a clone that lies right under one gives nothing away by it.
ANYWHERE = {tempfile.gettempdir(), "/", "/home", "/mnt", "/opt", "/root", "/srv", "/usr/src"}
PIPS_OWN = """
from pip._internal.models.index import PyPI
print(PyPI.url, "https://" + PyPI.file_storage_domain)
"""


def said_by(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


def apt_sources() -> str:
    folder = Path("/etc/apt")
    places = [folder / "sources.list", *folder.glob("sources.list.d/*")]
    return "\n".join(place.read_text() for place in places if place.is_file())


def package_hosts() -> list[str]:
    # Read from the clients' own settings, so that none has to be written here.
    told = "\n".join(
        [
            said_by(sys.executable, "-m", "pip", "config", "list"),
            said_by(sys.executable, "-c", PIPS_OWN),
            said_by("npm", "config", "get", "registry"),
            apt_sources(),
        ]
    )
    hosts = re.findall(r"https?://(?:[^@/\s]*@)?([\w.-]+)", told)
    return sorted({host for host in hosts if "." in host and not host.startswith("127.")})


def machine_paths(root: Path, home: Path) -> list[str]:
    own = [str(place) for place in (root, root.parent, home) if str(place) not in ANYWHERE]
    start = r"(?<![\w./-])"
    users = r"(?:/(?:home|Users)|[A-Z]:\\+Users)[/\\]+[\w-]+[/\\]"
    return [start + users, *(start + re.escape(place) + r"(?![\w-])" for place in own)]


def telling(texts: Iterable[tuple[str, str]], patterns: Iterable[str]) -> list[str]:
    word = re.compile("|".join(patterns))
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts
        for number, line in enumerate(text.splitlines(), 1)
        if word.search(line)
    ]


def committed() -> list[Path]:
    # A clone may belong to another user than the one that tests it.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    places = [ROOT / name for name in listed.split("\0") if name]
    return [place for place in places if place.is_file()]


def committed_texts() -> list[tuple[str, str]]:
    bodies = [(place, place.read_bytes()) for place in committed()]
    return [
        (str(place.relative_to(ROOT)), body.decode(errors="replace"))
        for place, body in bodies
        if b"\0" not in body
    ]


def dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [re.split(r"[^\w.-]", wanted)[0].lower() for group in groups for wanted in group]


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def words_by_section(glossary: str) -> list[tuple[str, str]]:
    sections = [section.split("\n", 1) for section in glossary.split("\n## ")[1:]]
    return [(title, row[0]) for title, body in sections for row in rows(body)]


def fields_on_the_wire(module: ModuleType) -> set[str]:
    shapes = [shape for _, shape in inspect.getmembers(module, inspect.isclass)]
    fields = [shape.model_fields.values() for shape in shapes if issubclass(shape, Wire)]
    return {str(field.alias) for shape in fields for field in shape}


def test_the_licence_is_the_whole_eupl() -> None:
    licence = (ROOT / "LICENSE").read_text()

    articles = re.findall(r"^(\d+)\.\s?[A-Z]", licence, re.MULTILINE)

    assert licence.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    assert articles == [str(number) for number in range(1, 16)]
    assert licence.rstrip().endswith("require the production of a new EUPL version.")


def test_each_dependency_has_its_line_with_licence_and_reason() -> None:
    lines = [row for row in rows((ROOT / "docs/dependencies.md").read_text()) if "`" in row[0]]

    named = [row[0].strip("`") for row in lines]

    assert sorted(named) == sorted(dependencies())
    assert [row for row in lines if len(row) != 4 or not all(row)] == []


def test_each_decision_is_listed_and_says_why() -> None:
    pages = sorted(DECISIONS.glob("[0-9]*.md"))

    listed = re.findall(r"\]\((\d{4}[^)]*)\)", (DECISIONS / "README.md").read_text())

    assert listed == [page.name for page in pages]
    assert [page.name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]


@pytest.mark.parametrize("part", ["Context.", "Decision.", "Why", "Consequence."])
def test_each_decision_has_all_its_parts(part: str) -> None:
    pages = sorted(DECISIONS.glob("[0-9]*.md"))

    without = [page.name for page in pages if f"\n**{part}" not in page.read_text()]

    assert without == []


def test_each_word_has_its_wire_name_its_dutch_label_and_its_meaning() -> None:
    lines = rows((ROOT / "GLOSSARY.md").read_text())

    unfinished = [row for row in lines if len(row) != 4 or not all(row)]

    assert len(lines) > 400
    assert unfinished == []


def test_no_word_stands_twice_in_a_section() -> None:
    words = words_by_section((ROOT / "GLOSSARY.md").read_text())

    twice = sorted({word for word in words if words.count(word) > 1})

    assert twice == []


def test_each_measure_has_the_glossarys_dutch_label() -> None:
    sections = (ROOT / "GLOSSARY.md").read_text().split("\n## ")
    lines = [row for part in sections if part.startswith("Measures") for row in rows(part)]

    labels = {row[0].strip("`"): row[2] for row in lines}

    named = {name: measure.label for name, measure in measures.MEASURES.items()}
    assert {name: labels.get(name) for name in named} == named


def test_each_closed_word_stands_in_the_glossary() -> None:
    words = {row[0].strip("`") for row in rows((ROOT / "GLOSSARY.md").read_text())}

    closed = {
        *(*get_args(facts.CareSetting), *get_args(facts.Resource), *facts.BED_TYPES),
        *(*get_args(facts.Law), *get_args(facts.Entrance), *SCOPES, *AUDIENCES),
        *(*get_args(Shown), *get_args(Detail), *measures.REASONS, *measures.REFUSALS),
        *(*measures.DESTINATIONS, *measures.URGENCIES, *measures.AGE_BANDS),
        *(*get_args(reports.FigureState), *get_args(reports.Freshness)),
    }

    assert sorted(closed - words) == []


@pytest.mark.parametrize("module", [facts, reports])
def test_each_field_of_a_report_and_of_master_data_stands_in_the_glossary(
    module: ModuleType,
) -> None:
    on_the_wire = {row[1].strip("`") for row in rows((ROOT / "GLOSSARY.md").read_text())}

    fields = fields_on_the_wire(module)

    assert len(fields) > 20
    assert sorted(fields - on_the_wire) == []


def test_each_link_between_documents_leads_somewhere() -> None:
    pages = [place for place in committed() if place.suffix == ".md"]

    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)[^):]*\)", page.read_text())
        if not (page.parent / target).exists()
    ]

    assert dead == []


def test_no_committed_file_names_a_package_host() -> None:
    hosts = package_hosts()

    named = telling(committed_texts(), map(re.escape, hosts))

    assert hosts, "No package client here names its host, so nothing could be looked for."
    assert named == []


def test_no_committed_file_names_a_path_of_a_machine() -> None:
    paths = machine_paths(ROOT, Path.home())

    named = telling(committed_texts(), paths)

    assert named == []


def test_requirements_do_not_choose_an_index() -> None:
    lists = [text for text in committed_texts() if text[0].startswith("requirements")]

    chosen = telling(lists, [r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b"])

    assert len(lists) == 2
    assert chosen == []


def test_the_search_finds_what_was_planted() -> None:
    host, root, home = "packages.example.org", Path("/clones/tower"), Path("/people/someone")
    planted = [
        ("a.txt", f"fine\n--index-url https://{host}/simple"),
        ("b.py", f'DATA = "{root}/var"'),
        ("c.md", "see " + "/home" + "/someone/notes"),
        ("d.md", f"also in {home}."),
        ("e.md", "/v1/clones/tower and https://example.org/people/someone are fine"),
    ]

    found = telling(planted, [re.escape(host), *machine_paths(root, home)])

    assert [line.split(": ")[0] for line in found] == ["a.txt:2", "b.py:1", "c.md:1", "d.md:1"]
