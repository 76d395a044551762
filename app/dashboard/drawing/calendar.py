"""The calendar of shortages: a row for each thing, a column for each week, shade and number."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.dashboard.drawing.svg import drawn, line, short, words
from app.dashboard.sentences import LIKELY, UNLIKELY

SIDE, HEAD, ROW, WIDTH = 226.0, 22.0, 26.0, 720.0
SHADES = ("none", "unlikely", "either", "likely")


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a calendar: `share` 0..1, None unknown."""

    share: float | None


Row = tuple[str, Sequence[Cell]]
BRIEF = 9


def calendars(rows: Sequence[Row], marks: Sequence[str]) -> tuple[Markup, ...]:
    """The rows that are worst, for a wall that is read from afar, and all of them."""
    by_worst = sorted(rows, key=lambda row: -max((cell.share or 0.0 for cell in row[1]), default=0))
    kept = {name for name, _cells in by_worst[:BRIEF]}
    return (
        calendar([row for row in rows if row[0] in kept], marks, "weeks brief"),
        calendar(rows, marks),
    )


class Fields:
    """Cells of one size: those of one shade are one path, so that hundreds of them stay small."""

    def __init__(self, wide: float, tall: float) -> None:
        self.wide, self.tall = wide, tall
        self.ways: dict[str, str] = dict.fromkeys(SHADES, "")
        self.words: dict[str, str] = dict.fromkeys(SHADES, "")

    def add(self, shade: str, x: float, y: float, said: str, line: float) -> None:
        """With its corner at `x`, `y` and a gap around it; `said` stands in it on `line`."""
        wide, tall = short(self.wide), short(self.tall)
        self.ways[shade] += f"M{short(x + 1.5)} {short(y + 1.5)}h{wide}v{tall}h-{wide}z"
        middle = short(x + (self.wide + 3) / 2)
        self.words[shade] += f'<text x="{middle}" y="{short(line)}">{said}</text>'

    def parts(self) -> list[str]:
        return [
            *(f'<path class="cell {shade}" d="{way}"/>' for shade, way in self.ways.items() if way),
            *(f'<g class="in {shade}">{said}</g>' for shade, said in self.words.items() if said),
        ]


def calendar(
    rows: Sequence[Row], marks: Sequence[str], kind: str = "weeks", closes: float | None = None
) -> Markup:
    """`closes`: after how many columns the roster closes, as a line."""
    width = (WIDTH - SIDE) / max(len(marks), 1)
    parts = [
        words("ax", SIDE + width * (n + 0.5), 14, mark, "middle") for n, mark in enumerate(marks)
    ]
    fields = Fields(width - 3, ROW - 3)
    for r, (label, cells) in enumerate(rows):
        y = HEAD + ROW * r
        parts.append(words("name", 0, y + 17, label))
        for n, cell in enumerate(cells):
            told = "?" if cell.share is None else f"{round(cell.share * 100)}"
            fields.add(shade(cell.share), SIDE + width * n, y, told, y + 17.5)
    parts += fields.parts()
    if closes is not None and 0 <= closes <= len(marks):
        x = SIDE + width * closes
        parts.append(line("supply", x, HEAD - 6, x, HEAD + ROW * len(rows)))
    return drawn(kind, parts, WIDTH, HEAD + ROW * len(rows) + 2)


def shade(share: float | None) -> str:
    """By the fixed probability words of domain.md 8."""
    if share is None:
        return "none"
    if share >= LIKELY:
        return "likely"
    return "either" if share > UNLIKELY else "unlikely"
