"""The text of a region file: YAML 1.1 without its traps, each value with the line it stands on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from app.faults import Fault

TRUTH = {"true": True, "false": False}


@dataclass
class Text:
    """What a file says: plain values, the line of each pointer, and all that is wrong with it."""

    values: Any = None
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, code: str, detail: str, pointer: str) -> None:
        self.faults.append(Fault(code, detail, pointer))

    def line(self, pointer: str) -> int | None:
        """The line of a pointer, or of the nearest thing around it."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer)


def read(written: str) -> Text:
    text = Text()
    try:
        # Only composed: nodes still know how a value was written, and on which line.
        node = yaml.compose(written, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        text.faults.append(Fault("not-yaml", f"This is not YAML: {error.problem}.", "", row=line))
        return text
    except (yaml.YAMLError, RecursionError):
        text.faults.append(Fault("not-yaml", "This is not YAML, or is nested too deep.", ""))
        return text
    if node is not None:
        text.values = value_of(node, "", text, set())
    return text


def value_of(node: yaml.Node, pointer: str, text: Text, seen: set[int]) -> Any:  # noqa: ANN401
    text.lines.setdefault(pointer, node.start_mark.line + 1)
    if id(node) in seen:
        text.refuse("yaml-alias", "Write the value out: & and * are not taken.", pointer)
        return None
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return mapping_of(node, pointer, text, seen)
    if isinstance(node, yaml.SequenceNode):
        return [value_of(each, f"{pointer}/{n}", text, seen) for n, each in enumerate(node.value)]
    return scalar_of(node, pointer, text)


def mapping_of(
    node: yaml.MappingNode, pointer: str, text: Text, seen: set[int]
) -> Mapping[str, Any]:
    values: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            text.refuse("bad-key", "A key is a plain word.", pointer)
            continue
        place = f"{pointer}/{key.value}"
        if key.value in values:
            line = text.lines.get(place)
            text.refuse("double-key", f"This key stands on line {line} already.", place)
            continue
        text.lines[place] = key.start_mark.line + 1
        values[key.value] = value_of(value, place, text, seen)
    return values


def scalar_of(node: yaml.Node, pointer: str, text: Text) -> Any:  # noqa: ANN401
    kind, written = node.tag.rpartition(":")[2], str(node.value)
    if kind in ("int", "float") and ":" in written:
        text.refuse(
            "time-not-quoted",
            f'Put the time in quotes, "{written}": YAML reads it as a number of base 60.',
            pointer,
        )
        return None
    if kind == "bool":
        if written not in TRUTH:
            detail = f'Write true or false, or put the word in quotes: "{written}".'
            text.refuse("yes-or-no", detail, pointer)
        return TRUTH.get(written)
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):
        text.refuse("bad-value", "This value cannot be read; put it in quotes.", pointer)
        return None
    if isinstance(value, float) and not math.isfinite(value):
        text.refuse("not-finite", "Give a finite number.", pointer)
        return None
    return value
