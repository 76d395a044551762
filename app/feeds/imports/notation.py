"""How a file is written: its separator, its decimal sign, its days, and what stands for unknown."""

import re
from dataclasses import dataclass
from typing import Literal

Separator = Literal["comma", "semicolon"]
Decimal = Literal["point", "comma"]
DateForm = Literal["YYYY-MM-DD", "DD-MM-YYYY"]

SIGN = {"comma": ",", "semicolon": ";"}
# What a name in a header may hold within quotes or brackets says nothing of the separator.
WITHIN = re.compile(r'"[^"]*"|\[[^\]]*\]')
TOKEN = re.compile(r"[^\W\d][\w./-]{0,9}|[-.?]{1,3}|#N/A")


@dataclass(frozen=True)
class Notation:
    """As it is declared. A separator that is not is read from the header, and never from data;
    the decimal sign is then a comma with semicolons, and a point with commas."""

    separator: Separator | None = None
    decimal: Decimal | None = None
    date_form: DateForm = "YYYY-MM-DD"
    unknown_as: frozenset[str] = frozenset({"NA"})

    def __post_init__(self) -> None:
        if any(not TOKEN.fullmatch(token) for token in self.unknown_as):
            raise ValueError("What stands for unknown is a short word such as NA, and no number.")

    def decimal_of(self, separator: Separator) -> Decimal:
        return self.decimal or ("comma" if separator == "semicolon" else "point")


def separator_of(header: str) -> Separator | None:
    """What the names of a header are separated by; None where both signs stand between them."""
    between = WITHIN.sub("", header)
    if ";" not in between:
        return "comma"
    return None if "," in between else "semicolon"
