"""Faults: one thing that is wrong with what was sent. Pure, so that rules can find them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A step of a pointer is given back only if it looks like a field of ours: a sender may have put
# a person's name or number where a field name belongs.
FIELD = re.compile(r"[A-Za-z][A-Za-z_]{0,31}[0-9]{0,3}[a-z]{0,2}|[0-9]{1,5}")


@dataclass(frozen=True)
class Fault:
    """Where it stands, which rule it breaks, and the way out."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    row: int | None = None
    column: str | None = None

    def wire(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if value is not None}

    def under(self, prefix: str) -> "Fault":
        return Fault(self.code, self.detail, prefix + (self.pointer or ""), self.parameter)


def pointer(location: Sequence[int | str]) -> str:
    """A JSON pointer (RFC 6901) to where a value stands."""
    steps = (str(step) for step in location)
    return "".join("/" + (step if FIELD.fullmatch(step) else "[withheld]") for step in steps)


def fault_of(error: Mapping[str, Any], prefix: str = "") -> Fault:
    """A pydantic error as a fault; the input itself is never given back."""
    detail = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        detail = "There is no field of this name here. Leave it out, or check its spelling."
    code = str(error["type"]).replace("_", "-")
    return Fault(code, detail, pointer=prefix + pointer(error["loc"]))
