"""How a history reads on the wire: as JSON, as lines of JSON, as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

import orjson

from app.facilities.hours import LOCAL
from app.observations.history import Key, Point, Rolled, Stretch
from app.observations.measures import DIMENSIONS
from app.wire import instant

NAMES = ("measure", *DIMENSIONS)
RAW_COLUMNS = (
    *NAMES,
    *("observedAt", "periodStart", "periodEnd", "value", "state"),
    *("precision", "knownAt", "sourceKind"),
)
ROLLED_COLUMNS = (
    *NAMES,
    *("start", "end", "value", "state", "statistic"),
    *("least", "most", "last", "observedShare", "figures"),
)
Cell = str | float | int | None
Line = Mapping[str, Cell]
Media = Literal["application/json", "text/csv", "application/x-ndjson"]
MEDIA: tuple[Media, ...] = get_args(Media)


def words(key: Key) -> dict[str, Cell]:
    """The measure and the dimensions that apply."""
    return {name: word for name, word in zip(NAMES, key, strict=True) if word}


def number(value: float | None) -> float | int | None:
    """A whole count without a decimal point; a mean to six decimals."""
    if value is None:
        return None
    return int(value) if value.is_integer() else round(value, 6)


def state(value: float | None) -> Literal["known", "unknown"]:
    return "unknown" if value is None else "known"


def when(at: datetime, precision: str) -> str:
    """A moment in UTC, or the local day if it was told as a day."""
    return at.astimezone(LOCAL).date().isoformat() if precision == "day" else instant(at)


def raw_line(point: Point) -> Line:
    period: dict[str, Cell] = {}
    if point.length_s:
        end = point.at + timedelta(seconds=point.length_s)
        period = {"periodStart": instant(point.at), "periodEnd": instant(end)}
    return {
        **words(point.key),
        "observedAt": when(point.observed_at, point.precision),
        **period,
        "value": number(point.value),
        "state": state(point.value),
        "precision": point.precision,
        "knownAt": instant(point.known_at),
        "sourceKind": point.source_kind,
    }


def rolled_line(rolled: Rolled, stretch: Stretch) -> Line:
    """An hour begins at a moment; a day, a week and a month begin and end on a local day."""
    precision = "moment" if stretch == "hour" else "day"
    return {
        **words(rolled.key),
        "start": when(rolled.start, precision),
        "end": when(rolled.end, precision),
        "value": number(rolled.value),
        "state": state(rolled.value),
        "statistic": rolled.statistic,
        "least": number(rolled.least),
        "most": number(rolled.most),
        "last": number(rolled.last),
        "observedShare": round(rolled.observed_share, 4),
        "figures": rolled.figures,
    }


def harmless(cell: Cell) -> Cell:
    """Text that a spreadsheet would run as a formula is made plain text."""
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + cell
    return cell


@dataclass(frozen=True)
class Written:
    """A history in the making: a head, its lines, and a tail that says how many they were.

    Without its tail an answer was cut off: CSV and NDJSON end with a line that counts.
    """

    media: Media
    about: Mapping[str, Cell]
    columns: Sequence[str]

    def head(self) -> bytes:
        if self.media == "text/csv":
            return self.rows([self.columns])
        if self.media == "application/json":
            return orjson.dumps(self.about)[:-1] + b',"figures":['
        return b""

    def body(self, lines: Iterable[Line], begun: bool) -> bytes:
        """`begun`: lines were written before these."""
        if self.media == "text/csv":
            return self.rows([line.get(name) for name in self.columns] for line in lines)
        told = [orjson.dumps(line) for line in lines]
        if self.media == "application/json":
            return (b"," if begun and told else b"") + b",".join(told)
        return b"".join(line + b"\n" for line in told)

    def tail(self, count: int) -> bytes:
        if self.media == "text/csv":
            return self.rows([["#count", count, "#knownAt", self.about["knownAt"]]])
        if self.media == "application/json":
            return b'],"count":%d}' % count
        return orjson.dumps({"count": count, "knownAt": self.about["knownAt"]}) + b"\n"

    def rows(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
        return text.getvalue().encode()


def chosen(accept: str | None) -> Media | None:
    """The media type that an Accept header likes best (RFC 9110, 12.5.1); None: none of ours."""
    asked: dict[str, float] = {}
    for part in (accept or "*/*").split(","):
        name, *settings = (piece.strip() for piece in part.lower().split(";"))
        weights = [piece[2:] for piece in settings if piece.startswith("q=")]
        try:
            asked[name] = float(weights[0]) if weights else 1.0
        except ValueError:
            asked[name] = 0.0

    def liked(media: Media) -> float:
        family = media.partition("/")[0] + "/*"
        names = [name for name in (media, family, "*/*") if name in asked]
        return asked[names[0]] if names else 0.0

    best = max(MEDIA, key=liked)
    return best if liked(best) > 0 else None
