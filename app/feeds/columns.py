"""The fields of a form as columns: one name for both, with a dot between the steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from pydantic.fields import FieldInfo

from app.feeds.lines import UNKNOWN
from app.feeds.messages import Form

YES_NO: Mapping[str, bool] = {"ja": True, "nee": False}
Kind = Literal["count", "yes-no", "text"]
# Longer than any count; what is written with more digits is left as text, which no count takes.
MOST_DIGITS = 9


@dataclass(frozen=True)
class Column:
    """A field of a form: the way to it, and what may stand in it.

    `many` is how far down the way a list stands, of which one line of a text makes one item.
    """

    steps: tuple[str, ...]
    kind: Kind
    many: int = 0
    # Whether it may be told to be unknown.
    nullable: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.steps)

    def value(self, cell: str) -> object:
        """As JSON would say it; what is not understood stays text, for the field to refuse."""
        if self.nullable and cell.casefold() == UNKNOWN:
            return None
        if self.kind == "text":
            return cell
        if self.kind == "yes-no":
            return YES_NO.get(cell.casefold(), cell)
        plain = cell.isascii() and cell.isdigit() and len(cell) <= MOST_DIGITS
        return int(cell) if plain else cell


@cache
def columns_of(form: type[Form]) -> tuple[Column, ...]:
    """Every field of a form that holds a value, in the order of the form."""
    return tuple(leaves(form, (), 0))


def leaves(form: type[Form], steps: tuple[str, ...], many: int) -> Iterator[Column]:
    for field in form.model_fields.values():
        here = (*steps, str(field.alias))
        kinds = set(kinds_of(field.annotation))
        inner = next((kind for kind in kinds if issubclass(kind, Form)), None)
        if inner is None:
            yield Column(here, kind_of(kinds), many, type(None) in kinds)
        else:
            yield from leaves(inner, here, len(here) if is_list(field) else many)


def kinds_of(annotation: Any) -> Iterator[type]:  # noqa: ANN401
    """The classes that an annotation is made of, such as those of `int | None`."""
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for each in get_args(annotation):
        yield from kinds_of(each)


def kind_of(kinds: set[type]) -> Kind:
    if bool in kinds:
        return "yes-no"
    return "count" if int in kinds else "text"


def is_list(field: FieldInfo) -> bool:
    return any(each is tuple for each in origins(field.annotation))


def origins(annotation: Any) -> Iterator[Any]:  # noqa: ANN401
    yield getattr(annotation, "__origin__", None)
    for each in get_args(annotation):
        yield from origins(each)
