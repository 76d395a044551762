"""Chances to die by age and year, in the layout of Prognosetafel AG2024: `age, year, qx, sex`."""

from collections.abc import Iterable

import numpy as np

from app.forecasts.rows import Faults, Numbers, Wrong, opened, taken
from app.planning.cohort import Mortality
from app.planning.people_table import ALL, MEN, WOMEN, ages_of, sex_of, year_of


def read_mortality(lines: Iterable[str], file: str = "The file") -> Mortality:
    """Men then women, or all; each age from 0 in each year between the first and the last."""
    faults = Faults(file)
    text = opened(lines, ("age", "year", "qx"), faults, also=["sex"])
    numbers = Numbers(text.comma)
    readers = {"age": ages_of, "year": year_of, "qx": lambda cell: share(numbers[cell])}
    sexed = "sex" in text.columns
    if sexed:
        readers["sex"] = sex_of
    told: dict[tuple[str, int, int], tuple[float, int]] = {}
    for line, cells in text.rows:
        found = taken(cells, readers, line, faults)
        if found is None:
            continue
        (age, _), year, q, *sexes_told = found
        key = (sexes_told[0] if sexed else ALL, year, age)
        if key in told:
            faults.add("told-twice", f"Row {told[key][1]} tells the same. Keep one.", line, "qx")
        told[key] = (q, line)
    if not told and not faults.count:
        faults.add("no-rows", "There is no row under the header. Add chances.", 2)
    if faults.count:
        faults.refuse()
    sexes = [each for each in (MEN, WOMEN) if any(key[0] == each for key in told)]
    sexes = sexes if len(sexes) == 2 else [ALL]
    years = range(min(key[1] for key in told), max(key[1] for key in told) + 1)
    ages = range(max(key[2] for key in told) + 1)
    q = np.zeros((len(sexes), len(years), len(ages)))
    for row, sex in enumerate(sexes):
        for at, year in enumerate(years):
            for age in ages:
                if (sex, year, age) not in told:
                    detail = f"Age {age} of {year} (sex {sex}) is missing. Add it."
                    faults.add("missing-age", detail, 1, "age")
                    continue
                q[row, at, age] = told[sex, year, age][0]
    if faults.count:
        faults.refuse()
    return Mortality(tuple(years), q)


def share(q: float) -> float:
    if not 0 <= q <= 1:
        raise Wrong("not-a-share", "A chance to die lies from 0 to 1. Correct it.")
    return q
