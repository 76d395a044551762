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


# What each error of a form means to who sent it, and the way out. What stands between braces is a
# limit or a list of ours (the context of the error), never the input.
WHOLE = "Give a whole number, such as 12: without quotes, without decimals."
NUMBER = "Give a number, such as 12 or 1.5: in digits, without quotes."
YES_NO = "Give true or false, without quotes (in CSV: ja or nee)."
MOMENT = "Give a moment with its offset, such as 2026-11-22T08:00:00+01:00."
DAY = "Give a day, such as 2026-11-22."
TIME = "Give a time of the day, such as 08:00."
OBJECT = "Give an object between { and }."
LIST = "Give a list between [ and ]."
TEXT = "Give a text, between quotes."
ID = "Give a UUID, such as 0190f5a2-7c1e-7d3a-9b42-5f0c6e8d1a37."
ADDRESS = "Give an address with its scheme, such as https://feed.example/capacity."
OTHER = "This is not of the form that is asked here: see docs/feeds/ or /v1/openapi.json."
SENTENCES: Mapping[str, str] = {
    "missing": "This field must be told.",
    "extra_forbidden": (
        "This field is not known here. Leave it out, or check its spelling: the names stand in "
        "docs/feeds/ and in the OpenAPI document (/v1/openapi.json)."
    ),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), WHOLE),
    "int_parsing_size": "This number is too large to be a count.",
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), NUMBER),
    **dict.fromkeys(("decimal_type", "decimal_parsing"), NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), YES_NO),
    **dict.fromkeys(("timezone_naive", "timezone_aware", "timezone_offset"), MOMENT),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "datetime_object_invalid"), MOMENT),
    "datetime_from_date_parsing": MOMENT,
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), DAY),
    "date_from_datetime_inexact": DAY,
    **dict.fromkeys(("time_type", "time_parsing"), TIME),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), OBJECT),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), LIST),
    **dict.fromkeys(("string_type", "string_sub_type"), TEXT),
    "string_unicode": "Give the text in UTF-8.",
    **dict.fromkeys(("uuid_type", "uuid_parsing", "uuid_version"), ID),
    **dict.fromkeys(("url_type", "url_parsing", "url_scheme", "url_syntax_violation"), ADDRESS),
    "none_required": "Give null, or leave this field out.",
    **dict.fromkeys(("literal_error", "enum"), "Give one of these: {expected}."),
    "union_tag_invalid": "Give one of these: {expected_tags}.",
    "json_invalid": "This is not JSON.",
    "greater_than": "Give more than {gt}.",
    "greater_than_equal": "Give {ge} or more.",
    "less_than": "Give less than {lt}.",
    "less_than_equal": "Give {le} or less.",
    "multiple_of": "Give a multiple of {multiple_of}.",
    "string_too_short": "Give at least {min_length} signs.",
    "string_too_long": "Give at most {max_length} signs.",
    "too_short": "Give at least {min_length} in this list.",
    "too_long": "Give at most {max_length} in this list; send the others in another message.",
}
# By the pattern that a text has to match.
PATTERNS: Mapping[str, str] = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": (
        "Give small letters and digits, with single hyphens between them, such as reo-flex."
    ),
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": (
        "Give a word in small letters and digits, with single hyphens, such as home-care."
    ),
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$": (
        "Give a code of letters, digits and . _ - (at most 40) that begins with a letter or digit."
    ),
}


def fault_of(error: Mapping[str, Any], prefix: str = "") -> Fault:
    """A pydantic error as a fault; the input itself is never given back."""
    code = str(error["type"]).replace("_", "-")
    return Fault(code, sentence(error), pointer=prefix + pointer(error["loc"]))


def sentence(error: Mapping[str, Any]) -> str:
    """What is wrong and the way out, in words of ours; pydantic's are for who made the form."""
    kind, context = str(error["type"]), error.get("ctx") or {}
    if kind == "value_error":
        said = str(error["msg"]).removeprefix("Value error, ")
        first = said.split(" ", 1)[0]
        if first.islower():  # not the name of a field, such as endsAt
            said = said[:1].upper() + said[1:]
        return said + ("" if said.endswith(".") else ".")
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        return PATTERNS.get(pattern, f"Write this text by the pattern {pattern}")
    found = SENTENCES.get(kind, OTHER)
    for name in re.findall(r"\{(\w+)\}", found):
        if name not in context:
            return OTHER
        found = found.replace(f"{{{name}}}", str(context[name]))
    return found
