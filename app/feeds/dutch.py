"""What several formats say alike: places, closing, waiting, flows and staff in Dutch words."""

from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from app.feeds.messages import Count, Form, Span, UnitForm, YesNo, says
from app.wire import Word


class Closed(Form):
    """Places that are closed, each for one reason."""

    personeel: Annotated[Count, says("closedPlaces", reason="staff")] = None
    ruimte: Annotated[Count, says("closedPlaces", reason="room")] = None
    apparatuur: Annotated[Count, says("closedPlaces", reason="equipment")] = None
    materiaal: Annotated[Count, says("closedPlaces", reason="material")] = None
    infectie: Annotated[Count, says("closedPlaces", reason="infection")] = None
    onderhoud: Annotated[Count, says("closedPlaces", reason="maintenance")] = None
    contract: Annotated[Count, says("closedPlaces", reason="contract")] = None
    anders: Annotated[Count, says("closedPlaces", reason="other")] = None


class Extra(Form):
    """Places that can be opened on top of what is open, by how soon."""

    binnen_24_uur: Annotated[Count, says("extra24h")] = Field(None, alias="binnen24Uur")
    binnen_72_uur: Annotated[Count, says("extra72h")] = Field(None, alias="binnen72Uur")
    binnen_7_dagen: Annotated[Count, says("extra7d")] = Field(None, alias="binnen7Dagen")


class Places(Form):
    """Places of one kind: aanwezig = geopend + gesloten."""

    aanwezig: Annotated[Count, says("physical")] = None
    geopend: Annotated[Count, says("staffed")] = None
    bezet: Annotated[Count, says("occupied")] = None
    toegezegd: Annotated[Count, says("reserved")] = None
    opneembaar: Annotated[Count, says("admittable")] = None
    gesloten: Annotated[Closed, says()] = Closed()
    bij_te_openen: Annotated[Extra, says()] = Extra()


class Beds(Form):
    """Beds by type; a flexible bed is told once, under its own type."""

    ic: Annotated[Places, says(bed_type="ic")] = Places()
    hc_mc: Annotated[Places, says(bed_type="hc-mc")] = Places()
    verpleegbed: Annotated[Places, says(bed_type="ward")] = Places()
    acute_opname: Annotated[Places, says(bed_type="acute-admission")] = Places()
    reo_bed: Annotated[Places, says(bed_type="observation-elderly")] = Places()
    elv_laag: Annotated[Places, says(bed_type="elv-low")] = Places()
    elv_hoog: Annotated[Places, says(bed_type="elv-high")] = Places()
    elv_palliatief: Annotated[Places, says(bed_type="elv-palliative")] = Places()
    grz: Annotated[Places, says(bed_type="grz")] = Places()
    wlz_crisis: Annotated[Places, says(bed_type="wlz-crisis")] = Places()
    wmo_nood: Annotated[Places, says(bed_type="wmo-emergency")] = Places()
    logeerbed: Annotated[Places, says(bed_type="respite")] = Places()
    herstelbed: Annotated[Places, says(bed_type="recovery")] = Places()
    psychiatrie: Annotated[Places, says(bed_type="psychiatric-acute")] = Places()
    kraambed: Annotated[Places, says(bed_type="maternity")] = Places()
    kinderbed: Annotated[Places, says(bed_type="paediatric")] = Places()
    verpleeghuisbed: Annotated[Places, says(bed_type="nursing-home")] = Places()


class Ready(Form):
    """People who are medically ready and wait, by where they must go."""

    naar_huis: Annotated[Count, says("medicallyReady", destination="home")] = None
    thuiszorg: Annotated[Count, says("medicallyReady", destination="home-care")] = None
    elv: Annotated[Count, says("medicallyReady", destination="elv")] = None
    grz: Annotated[Count, says("medicallyReady", destination="grz")] = None
    wlz: Annotated[Count, says("medicallyReady", destination="wlz")] = None
    ggz: Annotated[Count, says("medicallyReady", destination="ggz")] = None
    hospice: Annotated[Count, says("medicallyReady", destination="hospice")] = None
    wmo: Annotated[Count, says("medicallyReady", destination="wmo")] = None


class Refusals(Form):
    """Requests that got a "nee", by reason."""

    vol: Annotated[Count, says("refused", "span", reason="full")] = None
    personeel: Annotated[Count, says("refused", "span", reason="staff")] = None
    past_niet: Annotated[Count, says("refused", "span", reason="does-not-fit")] = None
    geen_arts: Annotated[Count, says("refused", "span", reason="medical-cover")] = None
    infectie: Annotated[Count, says("refused", "span", reason="infection")] = None
    geen_contract: Annotated[Count, says("refused", "span", reason="contract")] = None
    te_laat: Annotated[Count, says("refused", "span", reason="too-late")] = None
    client_wilde_niet: Annotated[Count, says("refused", "span", reason="client-declined")] = None


class Flows(Span):
    """What happened between `van` and `tot`."""

    aanvragen: Annotated[Count, says("requests", "span")] = None
    opnames: Annotated[Count, says("admissions", "span")] = None
    ontslagen: Annotated[Count, says("discharges", "span")] = None
    overgenomen: Annotated[Count, says("transfersIn", "span")] = None
    overgeplaatst: Annotated[Count, says("transfersOut", "span")] = None
    omgeleid: Annotated[Count, says("diverted", "span")] = None
    afgewezen: Annotated[Refusals, says()] = Refusals()


# May be left out, not null: a span that is unknown says nothing.
MaybeFlows = Annotated[Flows, says(), Field(default=None)]


class WaitingByUrgency(Form):
    """People who wait now, by urgency: NTS (u0 to u5) or the colour of the MTS."""

    u0: Annotated[Count, says("waiting", urgency="u0")] = None
    u1: Annotated[Count, says("waiting", urgency="u1")] = None
    u2: Annotated[Count, says("waiting", urgency="u2")] = None
    u3: Annotated[Count, says("waiting", urgency="u3")] = None
    u4: Annotated[Count, says("waiting", urgency="u4")] = None
    u5: Annotated[Count, says("waiting", urgency="u5")] = None
    rood: Annotated[Count, says("waiting", urgency="mts-red")] = None
    oranje: Annotated[Count, says("waiting", urgency="mts-orange")] = None
    geel: Annotated[Count, says("waiting", urgency="mts-yellow")] = None
    groen: Annotated[Count, says("waiting", urgency="mts-green")] = None
    blauw: Annotated[Count, says("waiting", urgency="mts-blue")] = None


class Heads(Form):
    """Heads of one role in one shift."""

    nodig: Annotated[Count, says("required", "span")] = None
    rooster: Annotated[Count, says("rostered", "span")] = None
    inzet: Annotated[Count, says("worked", "span")] = None
    inzet_tijdelijk: Annotated[Count, says("workedTemporary", "span")] = None
    afwezig: Annotated[Count, says("absent", "span")] = None


class Named(Span):
    """A shift by its name, from `van` to `tot`."""

    dienst: Word

    def apart(self) -> dict[str, str]:
        return {"shift": self.dienst}


AnyShift = TypeVar("AnyShift", bound=Named)


class Shift(Named):
    """The staff of one shift, by role."""

    verpleegkundige: Annotated[Heads, says(role="nurse")] = Heads()
    verzorgende_ig: Annotated[Heads, says(role="carer-ig")] = Heads()
    helpende: Annotated[Heads, says(role="helper")] = Heads()
    wijkverpleegkundige: Annotated[Heads, says(role="district-nurse")] = Heads()
    transferverpleegkundige: Annotated[Heads, says(role="transfer-nurse")] = Heads()
    verpleegkundig_specialist: Annotated[Heads, says(role="nurse-specialist")] = Heads()
    specialist_ouderengeneeskunde: Annotated[Heads, says(role="elderly-care-physician")] = Heads()
    huisarts: Annotated[Heads, says(role="gp")] = Heads()
    triagist: Annotated[Heads, says(role="triage-nurse")] = Heads()
    seh_arts: Annotated[Heads, says(role="emergency-physician")] = Heads()
    medisch_specialist: Annotated[Heads, says(role="medical-specialist")] = Heads()
    crisisdienst_ggz: Annotated[Heads, says(role="crisis-mental-health")] = Heads()
    fysiotherapeut: Annotated[Heads, says(role="physiotherapist")] = Heads()
    chauffeur: Annotated[Heads, says(role="driver")] = Heads()
    apotheker: Annotated[Heads, says(role="pharmacist")] = Heads()
    apothekersassistent: Annotated[Heads, says(role="pharmacy-assistant")] = Heads()


def told_once(shifts: tuple[AnyShift, ...]) -> tuple[AnyShift, ...]:
    if len({(shift.dienst, shift.van) for shift in shifts}) < len(shifts):
        raise ValueError("a shift stands once in `personeel`: dienst and van together")
    return shifts


Shifts = Annotated[tuple[Shift, ...], Field(max_length=200), AfterValidator(told_once), says()]


class Short(Form):
    """Whether one role falls short, for who cannot count heads: yes, no, or null for unknown."""

    vandaag: Annotated[YesNo, says("shortToday")] = None
    deze_week: Annotated[YesNo, says("shortThisWeek")] = None


class Shortage(Form):
    """Which roles fall short."""

    verpleegkundige: Annotated[Short, says(role="nurse")] = Short()
    verzorgende_ig: Annotated[Short, says(role="carer-ig")] = Short()
    helpende: Annotated[Short, says(role="helper")] = Short()
    wijkverpleegkundige: Annotated[Short, says(role="district-nurse")] = Short()
    transferverpleegkundige: Annotated[Short, says(role="transfer-nurse")] = Short()
    verpleegkundig_specialist: Annotated[Short, says(role="nurse-specialist")] = Short()
    specialist_ouderengeneeskunde: Annotated[Short, says(role="elderly-care-physician")] = Short()
    huisarts: Annotated[Short, says(role="gp")] = Short()
    triagist: Annotated[Short, says(role="triage-nurse")] = Short()
    seh_arts: Annotated[Short, says(role="emergency-physician")] = Short()
    medisch_specialist: Annotated[Short, says(role="medical-specialist")] = Short()
    crisisdienst_ggz: Annotated[Short, says(role="crisis-mental-health")] = Short()
    fysiotherapeut: Annotated[Short, says(role="physiotherapist")] = Short()
    chauffeur: Annotated[Short, says(role="driver")] = Short()
    apotheker: Annotated[Short, says(role="pharmacist")] = Short()
    apothekersassistent: Annotated[Short, says(role="pharmacy-assistant")] = Short()


class Waiting(Form):
    """People who need a place now: as one number or by urgency, not both."""

    wachtenden: Annotated[Count, says("waiting")] = None
    wachtenden_per_urgentie: Annotated[WaitingByUrgency, says()] = WaitingByUrgency()

    @model_validator(mode="after")
    def counted_once(self) -> Self:
        if {"wachtenden", "wachtenden_per_urgentie"} <= self.model_fields_set:
            raise ValueError("give `wachtenden` or `wachtendenPerUrgentie`, one of the two")
        return self


class Unit(UnitForm):
    """A unit with its staff."""

    personeel: Shifts = ()
    tekort: Annotated[Shortage, says()] = Shortage()
