"""The bar of places: occupied, promised, free and closed, a cell for each of a few."""

from functools import lru_cache

from markupsafe import Markup

from app.dashboard.drawing.svg import drawn, rect, short

WIDTH, HEIGHT = 200.0, 14.0
MOST_CELLS = 14


# Much of a region stands as it stood a minute ago.
@lru_cache(maxsize=2048)
def bar(occupied: float, reserved: float, staffed: float, closed: float) -> Markup:
    """Of all places that are set up: full, hatched, empty, and dashed for what is closed.

    All >= 0, in places. More people than staffed places fill the bar to where they reach.
    """
    whole = max(staffed + closed, occupied + reserved, 1.0)
    each = WIDTH / whole
    parts = [rect("track", 0, 0, staffed * each, HEIGHT)]
    if closed > 0:
        parts.append(rect("shut", staffed * each + 0.75, 0.75, closed * each - 1.5, HEIGHT - 1.5))
    parts.append(rect("taken", 0, 0, occupied * each, HEIGHT))
    if reserved > 0:
        parts.append(rect("promised", occupied * each, 0, reserved * each, HEIGHT))
    if whole <= MOST_CELLS:
        cuts = "".join(f"M{short(n * each)} 0v{short(HEIGHT)}" for n in range(1, int(whole)))
        parts.append(f'<path class="cut" d="{cuts}"/>')
    return drawn("bar", parts, WIDTH, HEIGHT, stretched=True)
