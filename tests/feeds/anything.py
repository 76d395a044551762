"""Any message that a format's form allows, made from the form itself."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, get_args, get_origin

from hypothesis import strategies as st

from app.feeds.formats import FORMATS
from app.feeds.messages import Form, Stands
from app.forecasts.calendar import local_day
from tests.feeds.region import AREAS

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
COUNTS = st.none() | st.integers(0, 99_999)
MOMENTS = st.integers(0, 300_000).map(lambda minutes: NOW - timedelta(minutes=minutes))
NO_FIGURES = {"peilmoment", "stops", "status", "statusReden"}


def forms(form: type[Form]) -> Iterator[type[Form]]:
    yield form
    for field in form.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, Form):
                yield from forms(kind)


def within(kind: Any) -> Iterator[Any]:
    """A type, and the types that it is made of."""
    yield kind
    for each in get_args(kind):
        yield from within(each)


def leaf(field: Any) -> st.SearchStrategy[Any]:
    kinds = list(within(field.annotation))
    beside = [*field.metadata, *(each for k in kinds for each in getattr(k, "__metadata__", ()))]
    stands = next((each for each in beside if isinstance(each, Stands)), None)
    inner = next((k for k in kinds if isinstance(k, type) and issubclass(k, Form)), None)
    many = get_origin(field.annotation) is tuple
    if stands and many:
        return st.lists(st.sampled_from(list(stands.words)), max_size=2, unique=True)
    if stands:
        return st.sampled_from(list(stands.words))
    if bool in kinds:
        return st.none() | st.booleans()
    if inner and many:
        return st.lists(form_of(inner), min_size=field.is_required(), max_size=1)
    return form_of(inner) if inner else COUNTS


@cache
def form_of(form: type[Form]) -> st.SearchStrategy[dict[str, Any]]:
    fixed: dict[str, st.SearchStrategy[Any]] = {
        "code": st.just("U-0"),
        "dienst": st.sampled_from(["dag", "nacht"]),
        "van": MOMENTS.map(datetime.isoformat),
        "uur": MOMENTS.map(lambda at: at.replace(minute=0).isoformat()),
        "tot": st.just((NOW + timedelta(hours=1)).isoformat()),
        "verwacht_tot": st.none() | st.just((NOW + timedelta(hours=1)).isoformat()),
        "peilmoment": MOMENTS.map(datetime.isoformat),
        "dag": st.integers(0, 9).map("+{}".format),
        "wijk": st.sampled_from(sorted(AREAS)),
    }
    fields = {
        str(field.alias): fixed[name] if name in fixed else leaf(field)
        for name, field in form.model_fields.items()
    }
    needed = {field.alias for field in form.model_fields.values() if field.is_required()}
    made = st.fixed_dictionaries(
        {name: made for name, made in fields.items() if name in needed},
        optional={name: made for name, made in fields.items() if name not in needed},
    )
    return made.map(one_of_each).filter(lambda told: says_enough(form, told))


def one_of_each(told: dict[str, Any]) -> dict[str, Any]:
    """Of what excludes each other one is left: now the first, now the last."""
    groups: list[tuple[str, ...]] = [
        (name.removesuffix("Uitgesplitst"), name) for name in told if "Uitgesplitst" in name
    ]
    groups += [("wachtenden", "wachtendenPerUrgentie", "wachtendenUitgesplitst")]
    groups += [("wachtendenPerUrgentie", "wachtendenUitgesplitst")]
    groups += [(day, f"{what}PerDag") for what, day in DAYS]
    left = dict(told)
    for group in groups:
        here = [name for name in (group if len(told) % 2 else reversed(group)) if name in left]
        for name in here[1:]:
            del left[name]
    if left.get("status") not in ("beperkt", "gesloten"):
        left.pop("statusReden", None)
    if "soort" in left and left["soort"] != "specialismestop":
        left.pop("specialisme", None)
    return left


DAYS = (
    ("vertrek", "vertrektVandaag"),
    ("vertrek", "vertrektMorgen"),
    ("verwachtVertrek", "verwachtVertrekVandaag"),
    ("verwachtVertrek", "verwachtVertrekMorgen"),
    ("geplandeOpnames", "geplandeOpnamesVandaag"),
    ("geplandeOpnames", "geplandeOpnamesMorgen"),
)


def says_enough(form: type[Form], told: dict[str, Any]) -> bool:
    """A part says of which it is; a stop its routes or its specialism where it must."""
    if told.get("soort") == "seh-stop":
        return bool(told.get("geldtVoor"))
    if told.get("soort") == "specialismestop":
        return "specialisme" in told
    return not form.__name__.endswith("Split") or "dag" in told or len(told) > 1


def a_message(format: str) -> st.SearchStrategy[dict[str, Any]]:
    return form_of(FORMATS[format][0]).map(dated)


def dated(message: dict[str, Any]) -> dict[str, Any]:
    """With days that are so far after the message's own."""
    at = message.get("peilmoment")
    first = local_day(datetime.fromisoformat(at) if at else NOW)

    def days(told: Any) -> Any:
        if isinstance(told, dict):
            return {
                name: str(first + timedelta(days=int(each))) if name == "dag" else days(each)
                for name, each in told.items()
            }
        return [days(each) for each in told] if isinstance(told, list) else told

    found: dict[str, Any] = days(message)
    return found


def counts_in(told: Any) -> list[float | None]:
    if isinstance(told, dict):
        return [
            count
            for name, each in told.items()
            if name not in NO_FIGURES
            for count in counts_in(each)
        ]
    if isinstance(told, list):
        return [count for each in told for count in counts_in(each)]
    return [] if isinstance(told, str) else [told]
