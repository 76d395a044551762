"""What a browser sends of a form, without a parser of our own for files: no page sends one."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from app.errors import Invalid

# A report of a unit with many bed types and roles has some eighty fields.
MOST_FIELDS = 400
HERE = re.compile(r"/(?!/)[a-z0-9/-]{0,200}")


@dataclass(frozen=True, slots=True)
class Option:
    """One of those that a form lets choose from, and whether it is the one chosen."""

    key: str
    name: str
    chosen: bool


def fields(body: bytes) -> dict[str, str]:
    """The last value of each name. What is no form, or has too many fields, has none."""
    try:
        told = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: value.strip() for name, value in told}


def strange() -> Invalid:
    """What came is not what a form of ours sends; it is not repeated."""
    return Invalid("This form did not come in as it was made. Open it again.", code="other-form")


def back_to(path: str, otherwise: str) -> str:
    """A page of this tower to go on to, and never an address of another."""
    return path if HERE.fullmatch(path) else otherwise
