"""How far the region is, as a bar or as a line."""

WIDTH = 28


def bar(doing: str, share: float, rows: int) -> str:
    """One line, always as long, so that it can be written over itself; `share` 0..1."""
    full = round(WIDTH * share)
    drawn = "#" * full + "." * (WIDTH - full)
    return f"{doing:<11}[{drawn}] {share:4.0%} {figures(rows):>20} (fictief)"


def line(doing: str, share: float, rows: int) -> str:
    return " ".join(part for part in (doing, f"{share:.0%}", figures(rows), "(fictief)") if part)


def figures(rows: int) -> str:
    return f"{rows:,} figures" if rows else ""
