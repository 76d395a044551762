"""A picture outside its page: a file with its title, sentence, legend and colours of its own."""

import re
import textwrap
from html import escape
from importlib.resources import files

import resvg_py

from app.dashboard.charts import Chart
from app.dashboard.drawing.svg import short

HATCH = (
    '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path stroke="#c5362b" stroke-width="2.4" d="M0 0v6"/></pattern>'
)
STYLE = """
svg{font-family:"Public Sans","Source Sans Pro",system-ui,sans-serif}
text{fill:#4a5765;font-size:12px}.name,.label{font-size:13px;fill:#17212c}
.label{font-weight:600}.title{font-size:17px;font-weight:700;fill:#17212c}.said{font-size:13px}.foot{font-size:11px}
.grid{stroke:#e6eaef}.zero{stroke:#17212c}.joint{stroke:#4a5765;stroke-dasharray:2 2}
.b80{fill:#d6e6f6}.b50{fill:#a9cbeb}.middle{fill:none;stroke:#0b5cad;stroke-width:2.6}
.seen{fill:none;stroke:#4a5765;stroke-width:2.2}
.earlier{fill:none;stroke:#8a5a00;stroke-width:1.6;stroke-dasharray:5 3}
.now{stroke:#17212c;stroke-dasharray:2 3}
.halo{fill:none;stroke:#fff;stroke-width:6}.supply{fill:none;stroke:#17212c;stroke-width:2.2}
.short{fill:url(#hatch);stroke:#c5362b}.l-middle{fill:#0b5cad}.whisker{stroke:#4a5765}
.over,.less{fill:#447e9c}.lack,.more{fill:#c5362b}.whole,.was{fill:#8792a0}.will{fill:#0b5cad}
.cell.unlikely{fill:#e3ebf1}.cell.either{fill:#f6d9a4}.cell.likely{fill:#c5362b}
.cell.none{fill:none;stroke:#d3dae2}.in{text-anchor:middle}.in text{fill:#17212c}
.in.likely text{fill:#fff}.range{opacity:.35}.before{stroke:#17212c;stroke-width:2}
.day.met{fill:#447e9c}.day.partly{fill:#f6d9a4}.day.missed{fill:url(#hatch);stroke:#c5362b}
.day.nothing{fill:none;stroke:#d3dae2}.in-day{fill:#17212c}.in-day.met{fill:#fff}
.plate{fill:#fff}.refused{fill:#c5362b}
"""
EDGE, LINE, KEY, LETTER = 16.0, 18.0, 18.0, 7.0
LINES = frozenset({"middle", "supply", "seen", "earlier"})
FACES = ("Regular", "Semibold", "Bold")
# As wide on a sheet or in a mail, whatever the picture's own size; made in some 0.15 s.
PIXELS = 1200


def alone(chart: Chart, source: str = "") -> str:
    """The widest picture as an SVG that needs no page; `source` says whose it is and of when."""
    opened, inside = str(chart.pictures[-1]).split(">", 1)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', opened)
    assert box is not None, "a picture has a size"
    width, height = float(box[1]), float(box[2])
    letters = int(width / LETTER)
    parts, y = [], EDGE
    for kind, text, tall, most in (
        ("title", chart.title, 22.0, int(letters * 0.78)),
        ("said", chart.sentence, LINE, letters),
    ):
        for line in textwrap.wrap(text, most):
            y += tall
            parts.append(
                f'<text class="{kind}" x="{short(EDGE)}" y="{short(y)}">{escape(line)}</text>'
            )
    y += LINE
    drawn = inside.removesuffix("</svg>")
    parts.append(f'<g transform="translate({short(EDGE)} {short(y)})">{drawn}</g>')
    y += height + LINE
    x = EDGE
    for kind, words in chart.legend:
        room = KEY + 8 + LETTER * len(words) + 14
        if x > EDGE and x + room > width + EDGE:
            x, y = EDGE, y + LINE
        parts += key(kind, words, x, y)
        x += room
    if source:
        y += LINE
        parts.append(f'<text class="foot" x="{short(EDGE)}" y="{short(y)}">{escape(source)}</text>')
    size = f"0 0 {short(width + 2 * EDGE)} {short(y + EDGE)}"
    told = f"<title>{escape(chart.title)}</title><desc>{escape(chart.sentence)}</desc>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="{size}">{told}'
        f"<style>{STYLE}</style><defs>{HATCH}</defs>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>'
    )


def key(kind: str, words: str, x: float, y: float) -> list[str]:
    """What a line or a colour stands for."""
    shape = (
        f'<path class="{kind}" d="M{short(x)} {short(y - 4)}h{short(KEY)}"/>'
        if kind in LINES
        else f'<rect class="cell {kind}" x="{short(x)}" y="{short(y - 10)}" '
        'width="18" height="12"/>'
    )
    return [shape, f'<text x="{short(x + KEY + 6)}" y="{short(y)}">{escape(words)}</text>']


def picture(chart: Chart, source: str = "") -> bytes:
    """The same as PNG, with a font that comes along, so that it is the same on every machine."""
    fonts = files("font_source_sans_pro") / "files"
    png: bytes = resvg_py.svg_to_bytes(
        svg_string=alone(chart, source),
        width=PIXELS,
        skip_system_fonts=True,
        font_files=[str(fonts / f"SourceSansPro-{face}.ttf") for face in FACES],
        font_family="Source Sans Pro",
        sans_serif_family="Source Sans Pro",
    )
    return png
