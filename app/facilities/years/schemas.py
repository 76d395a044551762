"""What the years are planned with: people by age, what they ask, and who works."""

from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from app.facilities.schemas import CareSetting, Law, Resource
from app.wire import Wire, Word


class AgeBand(Wire):
    """Whole years, both ends in it; the last band of a population has no `to`."""

    from_: int = Field(alias="from", ge=0, le=120)
    to: int | None = Field(None, ge=0, le=120)


People = dict[int, tuple[Annotated[int, Field(ge=0)], ...]]


class Population(Wire):
    """People per age band in successive years: what is counted, and what is projected.

    `p10` and `p90` are the low and the high variant, of the same years; without them the table is
    taken as certain.
    """

    municipality: Word | None = Field(None, description="Left out: of the whole region.")
    source: Annotated[str, Field(min_length=3)]
    year: int = Field(ge=1990, le=2100)
    bands: Annotated[tuple[AgeBand, ...], Field(min_length=1)]
    years: People
    p10: People = {}
    p90: People = {}

    @model_validator(mode="after")
    def bands_without_gaps(self) -> "Population":
        begins = [band.from_ for band in self.bands]
        ends = [band.to for band in self.bands]
        if begins[0] != 0 or ends[-1] is not None or None in ends[:-1]:
            raise ValueError("bands begin at 0, and only the last one has no `to`")
        if [end + 1 for end in ends[:-1] if end is not None] != begins[1:]:
            raise ValueError("each band begins the year after the one before it ends")
        return self

    @model_validator(mode="after")
    def years_without_gaps(self) -> "Population":
        years = sorted(self.years)
        if not years or years != list(range(years[0], years[-1] + 1)):
            raise ValueError("years follow each other without a gap")
        wrong = [str(year) for year in years if len(self.years[year]) != len(self.bands)]
        if wrong:
            raise ValueError(f"give one number for each band, in {', '.join(wrong)}")
        return self

    @model_validator(mode="after")
    def variants_around_it(self) -> "Population":
        if not self.p10 and not self.p90:
            return self
        if not self.years.keys() == self.p10.keys() == self.p90.keys():
            raise ValueError("p10 and p90 are of the same years as years; give both or neither")
        for year, middle in self.years.items():
            low, high = self.p10[year], self.p90[year]
            if len(low) != len(middle) or len(high) != len(middle):
                raise ValueError(f"give one number for each band, in p10 and p90 of {year}")
            for band, (least, people, most) in enumerate(zip(low, middle, high, strict=True)):
                if not least <= people <= most:
                    raise ValueError(
                        f"band {band} of {year} does not rise from p10 ({least}) to the number "
                        f"itself ({people}) to p90 ({most})"
                    )
        return self


class Drift(Wire):
    """How something changes with each year: a factor, with its 10% and 90% bound."""

    p10: float = Field(gt=0.5, lt=2)
    p90: float = Field(gt=0.5, lt=2)

    @model_validator(mode="after")
    def in_order(self) -> "Drift":
        if self.p10 > self.p90:
            raise ValueError("p10 is not above p90")
        return self


PerPerson = Annotated[tuple[Annotated[float, Field(ge=0, le=9000)], ...], Field(min_length=1)]


class Use(Wire):
    """What a person of each age band asks in a year, and how full places for it may be.

    Bed days of a bed type, or hours of care at home. Places by `occupancy` (the share occupied) or
    by `refused` (the share that finds no place; Erlang B).
    """

    care_setting: CareSetting
    bed_type: Word | None = None
    bed_days_per_person_year: PerPerson | None = None
    care_hours_per_person_year: PerPerson | None = None
    drift: Drift
    stay: Drift = Drift(p10=1, p90=1)
    occupancy: float | None = Field(None, gt=0, le=1)
    refused: float | None = Field(None, gt=0, lt=1)
    law: Law | None = Field(None, description="Left out: that of the beds of the region's units.")
    source: Annotated[str, Field(min_length=3)]
    year: int = Field(ge=1990, le=2100)

    @model_validator(mode="after")
    def of_one_kind(self) -> "Use":
        of_beds = self.bed_days_per_person_year
        if (of_beds is None) == (self.care_hours_per_person_year is None):
            raise ValueError("give bedDaysPerPersonYear or careHoursPerPersonYear, one of the two")
        if (of_beds is None) != (self.bed_type is None):
            raise ValueError("bed days are of a bedType, and hours of care are of none")
        if of_beds is not None and max(of_beds) > 366:
            raise ValueError("a person has at most 366 bed days a year")
        if of_beds is not None and (self.occupancy is None) == (self.refused is None):
            raise ValueError("give occupancy or refused, one of the two")
        if of_beds is None and (self.occupancy is not None or self.refused is not None):
            raise ValueError("occupancy and refused are of beds, and not of hours of care")
        return self

    @property
    def resource(self) -> Resource:
        return "care-hour" if self.bed_days_per_person_year is None else "bed"

    @property
    def per_person_year(self) -> tuple[float, ...]:
        found = self.bed_days_per_person_year or self.care_hours_per_person_year
        assert found is not None
        return found


class Spread(Wire):
    """What is roughly known: with a chance of 80% it lies between p10 and p90."""

    p10: float
    p50: float
    p90: float

    @model_validator(mode="after")
    def in_order(self) -> "Spread":
        if not self.p10 <= self.p50 <= self.p90:
            raise ValueError("p10, p50 and p90 rise")
        return self


class SomeMore(Spread):
    """The same of an amount above 0."""

    p10: float = Field(gt=0)
    p50: float = Field(gt=0)
    p90: float = Field(gt=0)


class ShareLeaving(SomeMore):
    """The same of a share below 1."""

    p90: float = Field(gt=0, lt=1)


class WorkingAge(Wire):
    """People of these ages, both ends in it."""

    from_: int = Field(alias="from", ge=14, le=90)
    to: int = Field(ge=14, le=90)
    people: float = Field(ge=0)

    @model_validator(mode="after")
    def goes_forward(self) -> "WorkingAge":
        if self.to < self.from_:
            raise ValueError("`to` lies at or after `from`")
        return self


class Ages(Wire):
    """From one age to another, both ends in it."""

    from_: int = Field(alias="from", ge=14, le=90)
    to: int = Field(ge=14, le=90)


class StaffAsked(Wire):
    """How many FTE at work one place takes while it is occupied, or one hour of care a week."""

    care_setting: CareSetting
    bed_type: Word | None = Field(None, description="Left out: hours of care.")
    fte: float = Field(gt=0, lt=100)


class Labour(Wire):
    """The people of a role in a year, who comes, who goes, and what care asks of them.

    FTE asked are at work: absence is taken off what there is, and not put on what is asked.
    """

    role: Word
    ages: Annotated[tuple[WorkingAge, ...], Field(min_length=1)]
    inflow: SomeMore = Field(description="People a year.")
    begins_at: Ages = Field(description="The ages at which people begin.")
    outflow: ShareLeaving = Field(description="The share that leaves in a year before retirement.")
    retires_at: float = Field(ge=50, le=80)
    fte_per_person: float = Field(gt=0, le=1.5)
    absence: float = Field(ge=0, lt=1, description="The share of working time.")
    hours_change: Drift = Drift(p10=1, p90=1)
    absence_change: Drift = Drift(p10=1, p90=1)
    asked: Annotated[tuple[StaffAsked, ...], Field(min_length=1)]
    source: Annotated[str, Field(min_length=3)]
    year: int = Field(ge=1990, le=2100)

    @model_validator(mode="after")
    def ages_once(self) -> "Labour":
        ordered = sorted(self.ages, key=lambda band: band.from_)
        for one, other in pairwise(ordered):
            if other.from_ <= one.to:
                raise ValueError(f"the ages {one.from_}-{one.to} and {other.from_} overlap")
        if self.begins_at.to < self.begins_at.from_:
            raise ValueError("beginsAt goes forward")
        return self
