"""One object for each chart: title, sentence, picture and table cannot disagree."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from markupsafe import Markup


@dataclass(frozen=True)
class Chart:
    """One finding: its title, a sentence, the picture and the table hold the same numbers.

    `pictures` show the same in several widths, the widest last; `api` is the address whose JSON it
    shows. Raises ValueError without a title, a sentence or a
    row.
    """

    name: str
    title: str
    sentence: str
    pictures: Sequence[Markup]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[tuple[str, str]] = field(default=())
    wide: bool = False
    api: str = ""

    def __post_init__(self) -> None:
        if not (self.title and self.sentence and self.pictures and self.rows):
            raise ValueError(
                f"The chart {self.name} needs a title, a sentence, a picture, a table."
            )
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"A row of the chart {self.name} has another number of columns.")

    @cached_property
    def body(self) -> Markup:
        """The rows of its table, written once for as long as the chart is kept."""
        return Markup("").join(
            Markup('<tr><th scope="row">{}</th>{}</tr>\n').format(
                first, Markup("").join(map(Markup("<td>{}</td>").format, rest))
            )
            for first, *rest in self.rows
        )

    def named(self, name: str) -> "Chart":
        return replace(self, name=name)
