"""A picture outside its page: a file that carries its own colours."""

from html import escape

from app.dashboard.charts import Chart

HATCH = (
    '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path stroke="#c5362b" stroke-width="2.4" d="M0 0v6"/></pattern>'
)
STYLE = """
svg{background:#fff;font-family:"Public Sans",system-ui,sans-serif}
text{fill:#4a5765;font-size:12px}.name,.label{font-size:13px;fill:#17212c}
.grid{stroke:#e6eaef}.zero{stroke:#17212c}.joint{stroke:#4a5765;stroke-dasharray:2 2}
.b80{fill:#d6e6f6}.b50{fill:#a9cbeb}.middle{fill:none;stroke:#0b5cad;stroke-width:2.6}
.seen{fill:none;stroke:#4a5765;stroke-width:2.2}
.earlier{fill:none;stroke:#8a5a00;stroke-width:1.6;stroke-dasharray:5 3}
.now{stroke:#17212c;stroke-dasharray:2 3}
.halo{fill:none;stroke:#fff;stroke-width:6}.supply{fill:none;stroke:#17212c;stroke-width:2.2}
.short{fill:url(#hatch);stroke:#c5362b}.l-middle{fill:#0b5cad}.whisker{stroke:#4a5765}
.over,.less{fill:#447e9c}.lack,.more{fill:#c5362b}.whole{fill:#8792a0}
.cell.unlikely{fill:#e3ebf1}.cell.either{fill:#f6d9a4}.cell.likely{fill:#c5362b}
.cell.none{fill:none;stroke:#d3dae2}.in{text-anchor:middle}.in text{fill:#17212c}
.in.likely text{fill:#fff}
.day.met{fill:#447e9c}.day.partly{fill:#f6d9a4}.day.missed{fill:url(#hatch);stroke:#c5362b}
.day.nothing{fill:none;stroke:#d3dae2}.in-day{fill:#17212c}.in-day.met{fill:#fff}
.plate{fill:#fff}.refused{fill:#c5362b}
"""


def alone(chart: Chart) -> str:
    """The widest picture with a title, a description and its colours."""
    drawn = str(chart.pictures[-1])
    opened, inside = drawn.split(">", 1)
    opened = opened.replace(' aria-hidden="true" focusable="false"', "")
    told = f"<title>{escape(chart.title)}</title><desc>{escape(chart.sentence)}</desc>"
    return (
        f'{opened} xmlns="http://www.w3.org/2000/svg" role="img">{told}'
        f"<style>{STYLE}</style><defs>{HATCH}</defs>{inside}"
    )
