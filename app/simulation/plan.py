"""What a simulated care region consists of: units, pools, people who come, and how they move on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.simulation.stays import Stay

FLAT_DAY = (1.0,) * 24
FLAT_WEEK = (1.0,) * 7


@dataclass(frozen=True, slots=True)
class Beds:
    """Places of one type (of a home-care team: of one profile); `filled` is the share at begin."""

    type: str
    places: int
    filled: float = 0.0


@dataclass(frozen=True, slots=True)
class Hours:
    """Local hours on some weekdays (0 is Monday), in minutes after midnight."""

    opens: int = 0
    closes: int = 24 * 60
    days: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class ShiftHours:
    """A named shift; `end` at or before `start` lies on the next day."""

    shift: str
    start: int
    end: int
    # Only on weekends and recognised holidays, as the weekenddag of a huisartsenpost.
    weekend_only: bool = False


@dataclass(frozen=True, slots=True)
class Crew:
    """Heads of one role in each shift: by the beds that a head can have, or a fixed number.

    A crew that `limits` closes the beds it cannot look after; without a head of one that `admits`
    nobody new is taken in.
    """

    role: str
    per_head: Mapping[str, float] = field(default_factory=dict)
    heads: Mapping[str, int] = field(default_factory=dict)
    at_least: int = 1
    limits: bool = False
    admits: bool = False


@dataclass(frozen=True, slots=True)
class Closure:
    """Places of a type that are closed each year from one day of the year until another."""

    type: str
    places: int
    reason: str
    first_day: int
    last_day: int


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit; without beds it is a line, a post or a team."""

    slug: str
    setting: str
    resource: str = "bed"
    beds: tuple[Beds, ...] = ()
    admission: Hours | None = None
    shifts: tuple[ShiftHours, ...] = ()
    crews: tuple[Crew, ...] = ()
    closures: tuple[Closure, ...] = ()
    outbreaks_per_year: float = 0.0
    area: str = ""
    specialism: str = ""


@dataclass(frozen=True, slots=True)
class Pool:
    """People over several units: who alone has a shift there (`covers`), or who fills gaps."""

    slug: str
    units: tuple[str, ...]
    role: str
    heads: Mapping[str, int]
    shifts: tuple[ShiftHours, ...]
    covers: bool = False
    per_head: float = 12.0


@dataclass(frozen=True, slots=True)
class Outflow:
    """Where a share of people goes when ready, and the need they ask for ("" is none)."""

    share: float
    destination: str
    need: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """What a person asks for: the places in order, how long, how patiently, and where to next."""

    name: str
    setting: str
    cells: tuple[tuple[str, str], ...]
    stay: Stay
    outflow: tuple[Outflow, ...] = (Outflow(1.0, "home"),)
    # Of who waits at home, hours; 0 is lost at once, None waits for ever.
    patience: float | None = 48.0
    # Of who waits in another place: mean days until the family or another region takes over.
    gives_up_after: float = 45.0
    # From the promise until the person is there, hours.
    delay: tuple[float, float] = (0.0, 0.0)
    # Asked when a person at the SEH finds no place at once.
    instead: str = ""
    # People do not all ask the same place first.
    shuffled: bool = False
    # Leaves by day only, as patients of a ward do.
    by_day: bool = False
    # The Regionaal Transferpunt looks for the place.
    transferred: bool = False
    misfit: float = 0.0
    no_contract: float = 0.0
    declined: float = 0.0


@dataclass(frozen=True, slots=True)
class Stream:
    """People who come: how many a year (at begin), when, and what they need."""

    name: str
    per_year: float
    needs: tuple[tuple[float, str], ...]
    hours: tuple[float, ...] = FLAT_DAY
    weekdays: tuple[float, ...] = FLAT_WEEK
    # A holiday counts as a day of this weight.
    holiday: float = 1.0
    # Winter over summer: the rate swings by this share around its mean, highest on 15 January.
    season: float = 0.0
    # By how much a flu wave of height 1 raises the rate.
    flu: float = 0.0
    ages: bool = False
    urgency: str = ""
    entrances: tuple[tuple[float, str], ...] = ()
    # Days between asking and the planned day.
    lead: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """A line that is called out of office hours, and what comes of the calls."""

    unit: str
    calls_per_hour: float
    role: str
    handling_minutes: float
    urgent: float
    # Of the answered calls: share per urgency, and of those the share seen and visited.
    urgencies: tuple[tuple[str, float, float, float], ...] = ()
    driver: str = ""
    visits_per_hour: float = 1.2
    seen: float = 0.0


@dataclass(frozen=True, slots=True)
class Visiting:
    """A team that makes visits at short notice: requests a day, and visits a head can make."""

    unit: str
    role: str
    requests_per_day: float
    per_head: float
    hours: tuple[float, ...] = FLAT_DAY


@dataclass(frozen=True, slots=True)
class Emergency:
    """The SEH: when ambulances come, and from how many boarders on it asks for a stop."""

    unit: str
    ambulances: Hours = Hours()
    stop_boarders: int = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """A region, or as little as one unit."""

    units: tuple[Unit, ...]
    needs: tuple[Need, ...]
    streams: tuple[Stream, ...]
    pools: tuple[Pool, ...] = ()
    phones: tuple[Phone, ...] = ()
    visits: tuple[Visiting, ...] = ()
    emergency: Emergency | None = None
    coordination: str = ""
    # Starts of home care a week, by (team, profile); the teams are units with those "beds".
    starts: Mapping[tuple[str, str], float] = field(default_factory=dict)
    # Yearly growth of the arrivals that age, and the sick of a hundred who are rostered.
    growth: float = 0.02
    sickness: float = 0.055
    vacancy: float = 0.04
    temporary: float = 0.5
