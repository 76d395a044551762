"""How each write route is called: a table that a new write route must be added to."""

import csv
import io
import itertools
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.scopes import SCOPES
from app.facilities.tables import Group, GroupVersion, StaffPool, StaffPoolVersion
from app.feeds.tables import Feed, FeedVersion
from app.planning.tables import Scenario
from tests import make

READS = frozenset({"GET", "HEAD", "OPTIONS"})
# Reads whose question stands in the body, each with one; nothing of it is stored.
QUESTIONS: Mapping[tuple[str, str], Any] = {
    ("POST", "/v1/places/_search"): {
        "resource": "bed",
        "bedTypes": ["observation-elderly"],
        "law": "Zvw",
        "target": "somatic",
        "secured": False,
        "municipality": "zoetermeer",
        "within": "this-week",
    },
}
Headers = dict[str, str]

# Every audience once, and a second provider.
PARTIES: Mapping[str, Any] = {
    "reo": "provider",
    "caz": "provider",
    "rtp": "coordinator",
    "gemeente": "municipality",
    "verzekeraar": "insurer",
    "toren": "operator",
}
OWNER, OTHER, OPERATOR = "reo", "caz", "toren"


@dataclass(frozen=True)
class Route:
    """One method of one path, as it is served."""

    method: str
    path: str
    dependant: Dependant | None = field(repr=False, compare=False)

    @property
    def writes(self) -> bool:
        return self.method not in READS and (self.method, self.path) not in QUESTIONS

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes_of(app: FastAPI) -> list[Route]:
    """Every route that is served: `app.routes` itself does not list those of a router."""
    return [
        Route(method, route.path_format or route.path or "", getattr(route, "dependant", None))
        for route in iter_route_contexts(app.routes)
        for method in sorted(route.methods or ())
    ]


@dataclass(frozen=True)
class Laid:
    """A row that must be there first, and that no route makes."""

    statement: str
    given: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Sent:
    """A request, and the question whose answer is 1 once it is stored, and stays 1."""

    method: str
    path: str
    body: Any = None
    stored: str = "SELECT 1"
    given: tuple[Any, ...] = ()
    by_operator: bool = False
    # Whether it is of whoever sends it, so that nothing in it can be of another.
    of_caller: bool = False
    # Whether those who place people may do it too, with what they see of another.
    by_placers: bool = False
    # Whether the operator may do it too, for whoever it is of.
    or_operator: bool = False
    kind: str = "application/json"

    def request(self, key: Mapping[str, str]) -> dict[str, Any]:
        """As httpx is asked to send it; a list of rows becomes a table where CSV is sent."""
        asked = {"method": self.method, "url": self.path}
        if self.kind == "application/json":
            return {**asked, "json": self.body, "headers": key}
        headers = {**key, "Content-Type": self.kind}
        made = form if self.kind == FORM else table
        return {**asked, "content": made(self.body), "headers": headers}


FORM = "application/x-www-form-urlencoded"


def form(body: Any) -> str:
    """As a browser sends it; what is no set of fields goes as it is."""
    return urlencode(body, doseq=False) if isinstance(body, dict) else str(body)


def table(body: Any) -> str:
    rows = body if isinstance(body, list) else [body]
    text = io.StringIO()
    csv.writer(text).writerows(row if isinstance(row, list) else [row] for row in rows)
    return text.getvalue()


# For an organisation: what must be there first, and then the request itself.
Steps = list[Laid | Sent]
Call = Callable[[str], Steps]
numbers = itertools.count(1)
SHIFTS = [{"shift": "day", "start": "07:00", "end": "15:00"}]


def number() -> str:
    return str(uuid.uuid4())


def post_reports(organisation: str) -> Steps:
    report = make.a_report(unit=f"{organisation}-flex")
    told = "SELECT count(*) FROM observations WHERE report_id = $1"
    return [Sent("POST", "/v1/reports", report, told, (report["id"],))]


def put_report(organisation: str) -> Steps:
    report = make.a_report(unit=f"{organisation}-flex")
    told = "SELECT count(*) FROM observations WHERE report_id = $1"
    return [Sent("PUT", f"/v1/reports/{report['id']}", report, told, (report["id"],))]


def confirm(organisation: str) -> Steps:
    [report] = post_reports(organisation)
    assert isinstance(report, Sent)
    body = {"id": number(), "confirms": report.given[0], "observedAt": make.now().isoformat()}
    path = f"/v1/units/{organisation}-flex/reports/_confirm"
    return [report, Sent("POST", path, body, report.stored, (body["id"],))]


def retract(organisation: str) -> Steps:
    [report] = post_reports(organisation)
    assert isinstance(report, Sent)
    body = {"id": number()}
    path = f"/v1/reports/{report.given[0]}/_retract"
    return [report, Sent("POST", path, body, report.stored, (body["id"],))]


def accept_doubts(organisation: str) -> Steps:
    figures = make.a_figure("staffed", 1), make.a_figure("occupied", 5)
    report = make.a_report(*figures, unit=f"{organisation}-flex")
    told = "SELECT count(*) FROM doubts WHERE report_id = $1 AND state = 'accepted'"
    path = f"/v1/reports/{report['id']}/doubts/_accept"
    open_ = "SELECT count(*) FROM doubts WHERE report_id = $1"
    doubted = Sent("POST", "/v1/reports", report, open_, (report["id"],))
    return [doubted, Sent("POST", path, None, told, (report["id"],))]


def post_message(organisation: str) -> Steps:
    at = make.now() - timedelta(microseconds=1) * next(numbers)
    body = {
        "peilmoment": at.isoformat(),
        "locaties": [{"code": "A1", "bedden": {"reoBed": {"bezet": 1}}}],
    }
    told = "SELECT count(*) FROM reports WHERE feed = $1 AND observed_at = $2"
    feed = f"{organisation}-feed"
    return [Sent("POST", f"/v1/feeds/{feed}/messages", body, told, (feed, at))]


def post_import(organisation: str) -> Steps:
    """Each of another moment, so that each adds a figure."""
    at = (make.now() - timedelta(days=30)).replace(microsecond=0)
    at += timedelta(seconds=1) * next(numbers)
    unit = f"{organisation}-flex"
    body = [["unit", "ds", "occupied"], [unit, at.isoformat(), 1]]
    told = (
        "SELECT count(*) FROM observations JOIN series USING (org_id, series_id) "
        "WHERE unit = $1 AND at = $2 AND source_kind = 'import'"
    )
    path = "/v1/imports?profile=columns"
    return [Sent("POST", path, body, told, (unit, at), kind="text/csv")]


def release(organisation: str) -> Steps:
    feed = f"{organisation}-nieuw-{next(numbers)}"
    facts = '{"name": "Nieuw (fictief)", "state": "quarantine", "units": {}}'
    org_id = "SELECT $1, org_id, 'reo' FROM organisations WHERE organisation = $2"
    told = "SELECT count(*) FROM feed_versions WHERE feed = $1 AND facts ->> 'state' = 'released'"
    return [
        Laid(f"INSERT INTO feeds (feed, org_id, format) {org_id}", (feed, organisation)),
        Laid(
            "INSERT INTO feed_versions (feed, org_id, valid_from, facts) "
            "SELECT feed, org_id, '2020-01-01Z', $2 FROM feeds WHERE feed = $1",
            (feed, facts),
        ),
        Sent("POST", f"/v1/feeds/{feed}/_release", None, told, (feed,), by_operator=True),
    ]


def suspend(organisation: str) -> Steps:
    *laid, released = release(organisation)
    assert isinstance(released, Sent)
    feed = released.given[0]
    told = "SELECT count(*) FROM feed_versions WHERE feed = $1 AND facts ->> 'state' = 'suspended'"
    path, body = f"/v1/feeds/{feed}/_suspend", {"reason": "faulty-figures"}
    return [*laid, Sent("POST", path, body, told, (feed,), by_operator=True)]


def post_mandate(organisation: str) -> Steps:
    """Each until another moment, so that each is another mandate."""
    until = make.now() + timedelta(days=30, seconds=next(numbers))
    body = {"to": "gemeente", "units": [f"{organisation}-flex"], "until": until.isoformat()}
    told = "SELECT count(*) FROM mandate_versions WHERE valid_to = $1"
    return [Sent("POST", "/v1/mandates", body, told, (until,))]


def confirm_mandate(organisation: str) -> Steps:
    [given] = post_mandate(organisation)
    assert isinstance(given, Sent)
    told = f"{given.stored} AND (facts ->> 'confirmed')::boolean"
    path = f"/v1/mandates/{organisation}--gemeente/_confirm"
    return [given, Sent("POST", path, None, told, given.given, by_operator=True)]


def say_status(organisation: str) -> Steps:
    at = make.now()
    body = {"status": "restricted", "at": at.isoformat(), "reason": "staff"}
    told = "SELECT count(*) FROM unit_statuses WHERE unit = $1 AND at = $2"
    unit = f"{organisation}-flex"
    return [Sent("POST", f"/v1/units/{unit}/status", body, told, (unit, at))]


def begin_stop(organisation: str) -> Steps:
    begins_at = make.now().isoformat()
    body = {"id": number(), "kind": "intake-stop", "beginsAt": begins_at, "reason": "staff"}
    told = "SELECT count(*) FROM stop_versions WHERE stop = $1"
    path = f"/v1/units/{organisation}-flex/stops"
    return [Sent("POST", path, body, told, (body["id"],))]


def change_stop(organisation: str) -> Steps:
    [begun] = begin_stop(organisation)
    assert isinstance(begun, Sent)
    body = {**begun.body, "reason": "room"}
    path = f"{begun.path}/{body['id']}"
    told = f"{begun.stored} AND reason = 'room'"
    return [begun, Sent("PUT", path, body, told, begun.given)]


def end_stop(organisation: str) -> Steps:
    [begun] = begin_stop(organisation)
    assert isinstance(begun, Sent)
    path = f"{begun.path}/{begun.body['id']}/_end"
    told = f"{begun.stored} AND ended_at IS NOT NULL"
    return [begun, Sent("POST", path, {}, told, begun.given)]


def note_event(organisation: str) -> Steps:
    begins_at = make.now().isoformat()
    body = {"id": number(), "kind": "closure", "beginsAt": begins_at, "change": -1}
    told = "SELECT count(*) FROM unit_event_versions WHERE event = $1"
    path = f"/v1/units/{organisation}-flex/events"
    return [Sent("POST", path, body, told, (body["id"],))]


def change_event(organisation: str) -> Steps:
    [noted] = note_event(organisation)
    assert isinstance(noted, Sent)
    body = {**noted.body, "change": -2}
    path = f"{noted.path}/{body['id']}"
    return [noted, Sent("PUT", path, body, f"{noted.stored} AND change = -2", noted.given)]


def withdraw_event(organisation: str) -> Steps:
    [noted] = note_event(organisation)
    assert isinstance(noted, Sent)
    path = f"{noted.path}/{noted.body['id']}/_withdraw"
    return [noted, Sent("POST", path, None, f"{noted.stored} AND withdrawn", noted.given)]


def post_scenario(organisation: str) -> Steps:
    """Each under another name; it is of whoever sends it."""
    name = f"wat-als-{next(numbers)}"
    told = "SELECT count(*) FROM scenarios WHERE scenario = $1"
    return [Sent("POST", "/v1/scenarios", {"scenario": name}, told, (name,), of_caller=True)]


def entered(organisation: str) -> Steps:
    """The phone form, filled in for one kind of beds."""
    body = {"id": number(), **SHEET}
    told = "SELECT count(DISTINCT report_id) FROM observations WHERE report_id = $1"
    path = f"/invoer/{organisation}-flex"
    return [Sent("POST", path, body, told, (body["id"],), kind=FORM)]


def entered_again(organisation: str) -> Steps:
    [report] = entered(organisation)
    assert isinstance(report, Sent)
    body = {"id": number(), "confirms": report.given[0]}
    path = f"{report.path}/bevestigen"
    return [report, Sent("POST", path, body, report.stored, (body["id"],), kind=FORM)]


def entered_and_undone(organisation: str) -> Steps:
    [report] = entered(organisation)
    assert isinstance(report, Sent)
    body = {"id": number(), "report": report.given[0]}
    path = f"{report.path}/terugdraaien"
    return [report, Sent("POST", path, body, report.stored, (body["id"],), kind=FORM)]


def entered_rightly(organisation: str) -> Steps:
    doubted, accepted = accept_doubts(organisation)
    assert isinstance(accepted, Sent)
    path, body = f"/invoer/{organisation}-flex/klopt", {"report": accepted.given[0]}
    return [doubted, Sent("POST", path, body, accepted.stored, accepted.given, kind=FORM)]


def pair_a_phone(organisation: str) -> Steps:
    body = {"id": number()}
    told = "SELECT count(*) FROM sessions WHERE id = $1 AND kind = 'pairing'"
    path = f"/invoer/{organisation}-flex/koppelen"
    return [Sent("POST", path, body, told, (body["id"],), kind=FORM)]


def unpair_a_phone(organisation: str) -> Steps:
    phone, unit = number(), f"{organisation}-flex"
    paired = (
        "INSERT INTO sessions (org_id, id, seal, client_id, kind, kid, scopes, unit, expires_at) "
        "SELECT o.org_id, $1::uuid, $1::text::bytea, min(c.client_id), 'phone', '', '{}', $2, "
        "now() + interval '1 day' FROM organisations o JOIN clients c USING (org_id) "
        "WHERE o.organisation = $3 GROUP BY o.org_id"
    )
    told = "SELECT count(*) FROM sessions WHERE id = $1 AND ended_at IS NOT NULL"
    path = f"/invoer/{unit}/koppelen/{phone}/stoppen"
    return [
        Laid(paired, (phone, unit, organisation)),
        Sent("POST", path, {}, told, (phone,), kind=FORM),
    ]


def give_a_key(organisation: str) -> Steps:
    client = f"bord-{next(numbers)}"
    body = {"id": number(), "nieuw": client, "overview:read": "1"}
    told = "SELECT count(*) FROM api_keys JOIN clients USING (client_id) WHERE name = $1"
    path = f"/beheer/sleutels/{organisation}/nieuw"
    return [Sent("POST", path, body, told, (client,), kind=FORM, or_operator=True)]


def revoke_a_key(organisation: str) -> Steps:
    kid = f"rij-{next(numbers)}"
    laid = (
        "INSERT INTO api_keys (kid, org_id, client_id, seal, scopes) "
        "SELECT $1, o.org_id, min(c.client_id), '', '{}' FROM organisations o "
        "JOIN clients c USING (org_id) WHERE o.organisation = $2 GROUP BY o.org_id"
    )
    told = "SELECT count(*) FROM api_keys WHERE kid = $1 AND revoked_at IS NOT NULL"
    path = f"/beheer/sleutels/{organisation}/{kid}/intrekken"
    revoked = Sent("POST", path, {}, told, (kid,), kind=FORM, or_operator=True)
    return [Laid(laid, (kid, organisation)), revoked]


def end_a_session(organisation: str) -> Steps:
    laid, stopped = unpair_a_phone(organisation)
    assert isinstance(stopped, Sent)
    path = f"/beheer/sleutels/{organisation}/sessies/{stopped.given[0]}/stoppen"
    told, given = stopped.stored, stopped.given
    return [laid, Sent("POST", path, {}, told, given, kind=FORM, or_operator=True)]


def suspend_by_form(organisation: str) -> Steps:
    *laid, suspended = suspend(organisation)
    assert isinstance(suspended, Sent)
    path = f"/beheer/aanvoer/{organisation}/{suspended.given[0]}/stilzetten"
    told, given = suspended.stored, suspended.given
    return [*laid, Sent("POST", path, {}, told, given, kind=FORM, or_operator=True)]


def release_by_form(organisation: str) -> Steps:
    *laid, released = release(organisation)
    assert isinstance(released, Sent)
    path = f"/beheer/aanvoer/{organisation}/{released.given[0]}/vrijgeven"
    told, given = released.stored, released.given
    return [*laid, Sent("POST", path, {}, told, given, kind=FORM, by_operator=True)]


SHEET = {
    "physical:observation-elderly": "2",
    "occupied:observation-elderly": "1",
    "closedPlaces:observation-elderly": "0",
}


def hold(organisation: str) -> Steps:
    """In a unit of its own, with room for all who hold there."""
    unit = f"{organisation}-plek"
    figures = make.a_figure("staffed", 99), make.a_figure("occupied", 1)
    told = Sent("POST", "/v1/reports", make.a_report(*figures, unit=unit))
    body = {"id": number(), "unit": unit, "bedType": "observation-elderly"}
    held = "SELECT count(*) FROM hold_versions WHERE hold = $1"
    return [told, Sent("POST", "/v1/holds", body, held, (body["id"],), by_placers=True)]


def let_go(organisation: str) -> Steps:
    *first, held = hold(organisation)
    assert isinstance(held, Sent)
    ended = f"{held.stored} AND ended_at IS NOT NULL"
    return [*first, held, Sent("DELETE", f"/v1/holds/{held.given[0]}", None, ended, held.given)]


SIGNAL = """
INSERT INTO signal_versions (org_id, signal, kind, unit, care_setting, resource, bed_type, stop,
                             specialism, level, began_at, asks_since)
SELECT org_id, $1, 'stop', unit, '', '', '', 'intake-stop', '', 'vol', now(), now()
  FROM units WHERE unit = $2
"""


def acknowledge(organisation: str) -> Steps:
    """Of a stop that is in force, as a look at the region would store it."""
    [begun], signal = begin_stop(organisation), number()
    seen = "SELECT count(*) FROM signal_acknowledgements WHERE signal = $1"
    path = f"/v1/signals/{signal}/_acknowledge"
    return [
        begun,
        Laid(SIGNAL, (signal, f"{organisation}-flex")),
        Sent("POST", path, None, seen, (signal,), by_placers=True),
    ]


def hold_by_form(organisation: str) -> Steps:
    told, held = hold(organisation)
    assert isinstance(held, Sent)
    sent = replace(held, path="/plek/vasthouden", kind=FORM)
    return [told, sent]


def let_go_by_form(organisation: str) -> Steps:
    *first, ended = let_go(organisation)
    assert isinstance(ended, Sent)
    path = f"/plek/vasthouden/{ended.given[0]}/loslaten"
    return [*first, Sent("POST", path, {}, ended.stored, ended.given, kind=FORM)]


CALLS: Mapping[tuple[str, str], Call] = {
    ("POST", "/v1/reports"): post_reports,
    ("PUT", "/v1/reports/{report}"): put_report,
    ("POST", "/v1/units/{unit}/reports/_confirm"): confirm,
    ("POST", "/v1/reports/{report}/_retract"): retract,
    ("POST", "/v1/reports/{report}/doubts/_accept"): accept_doubts,
    ("POST", "/v1/feeds/{feed}/messages"): post_message,
    ("POST", "/v1/imports"): post_import,
    ("POST", "/v1/feeds/{feed}/_release"): release,
    ("POST", "/v1/feeds/{feed}/_suspend"): suspend,
    ("POST", "/v1/mandates"): post_mandate,
    ("POST", "/v1/mandates/{mandate}/_confirm"): confirm_mandate,
    ("POST", "/v1/units/{unit}/status"): say_status,
    ("POST", "/v1/units/{unit}/stops"): begin_stop,
    ("PUT", "/v1/units/{unit}/stops/{stop}"): change_stop,
    ("POST", "/v1/units/{unit}/stops/{stop}/_end"): end_stop,
    ("POST", "/v1/units/{unit}/events"): note_event,
    ("PUT", "/v1/units/{unit}/events/{event}"): change_event,
    ("POST", "/v1/units/{unit}/events/{event}/_withdraw"): withdraw_event,
    ("POST", "/v1/scenarios"): post_scenario,
    ("POST", "/invoer/{unit}"): entered,
    ("POST", "/invoer/{unit}/bevestigen"): entered_again,
    ("POST", "/invoer/{unit}/terugdraaien"): entered_and_undone,
    ("POST", "/invoer/{unit}/klopt"): entered_rightly,
    ("POST", "/invoer/{unit}/koppelen"): pair_a_phone,
    ("POST", "/invoer/{unit}/koppelen/{phone}/stoppen"): unpair_a_phone,
    ("POST", "/plek/vasthouden"): hold_by_form,
    ("POST", "/plek/vasthouden/{number}/loslaten"): let_go_by_form,
    ("POST", "/beheer/sleutels/{organisation}/nieuw"): give_a_key,
    ("POST", "/beheer/sleutels/{organisation}/{kid}/intrekken"): revoke_a_key,
    ("POST", "/beheer/sleutels/{organisation}/sessies/{number}/stoppen"): end_a_session,
    ("POST", "/beheer/aanvoer/{organisation}/{feed}/stilzetten"): suspend_by_form,
    ("POST", "/beheer/aanvoer/{organisation}/{feed}/vrijgeven"): release_by_form,
    ("POST", "/v1/holds"): hold,
    ("DELETE", "/v1/holds/{hold}"): let_go,
    ("POST", "/v1/signals/{signal}/_acknowledge"): acknowledge,
}


# Whoever signs in or out is not known yet, or no longer: tests/dashboard/test_sign_in.py. A what-if
# by form is stored by the command of POST /v1/scenarios: tests/dashboard/test_what_if.py; a signal
# is seen by that of POST /v1/signals/{signal}/_acknowledge: tests/dashboard/test_noticing.py.
APART = {"/aanmelden", "/afmelden", "/koppelen", "/wat-als", "/meldingen/{signal}/gezien"}


def calls_of(app: FastAPI) -> Iterator[tuple[Route, Call]]:
    """Every write route with how it is called; the sentence says what a new one must do."""
    writes = [route for route in routes_of(app) if route.writes]
    assert writes, "The walk found no write route at all: it no longer sees what is served."
    for route in (route for route in writes if route.path not in APART):
        call = CALLS.get((route.method, route.path))
        assert call, (
            f"{route} is served and has no entry in CALLS of tests/trust/calls.py: say there how "
            "it is called and how one sees that it is stored, so that its COMMIT, its isolation "
            "and its canary are tested too."
        )
        yield route, call


async def a_baseline(session: AsyncSession) -> None:
    """The years of a region in which nothing is planned."""
    region = "INSERT INTO organisations (org_id, organisation) VALUES (0, 'region')"
    await session.execute(text(f"{region} ON CONFLICT DO NOTHING"))
    assumed = {"firstYear": 2026, "lastYear": 2040, "now": 2026.5}
    row = {
        "scenario": "baseline",
        "version": 1,
        "issued_at": make.now(),
        "seed": 1,
        "draws": 1000,
        "told": {},
        "assumed": {**assumed, "people": [], "lines": [], "labour": []},
        "plan": b'{"years": [], "order": [], "lines": [], "laws": [], "roles": []}',
    }
    await session.execute(insert(Scenario).values(org_id=0, id=uuid.uuid4(), **row))


async def a_world(session: AsyncSession) -> dict[str, Headers]:
    """An organisation of each audience with a unit, a pool and a feed; the keys by its slug."""
    keys: dict[str, Headers] = {}
    for organisation, audience in PARTIES.items():
        scopes = [s for s in SCOPES if s != "operator" or audience == "operator"]
        keys[organisation] = await make.a_key(
            session, *scopes, organisation=organisation, audience=audience
        )
        org_id = await make.an_organisation(session, organisation)
        unit, pool = f"{organisation}-flex", f"{organisation}-team"
        await make.a_unit(session, unit, organisation, roles=["nurse"], shifts=SHIFTS)
        await make.a_unit(session, f"{organisation}-plek", organisation)
        feed = f"{organisation}-feed"
        session.add(Feed(feed=feed, org_id=org_id, format="reo"))
        session.add(StaffPool(staff_pool=pool, org_id=org_id))
        await session.flush()
        known = {"org_id": org_id, "valid_from": make.LONG_AGO}
        told: dict[str, Any] = {
            "name": "Feed (fictief)",
            "state": "released",
            "units": {"A1": unit},
        }
        session.add(FeedVersion(feed=feed, facts=told, **known))
        told = {"name": "Team (fictief)", "units": [unit], "roles": ["nurse"]}
        session.add(StaffPoolVersion(staff_pool=pool, facts=told, **known))
    await a_baseline(session)
    session.add(Group(group="alle-units", org_id=org_id))
    await session.flush()
    members = [{"unit": f"{organisation}-flex"} for organisation in PARTIES]
    told = {"name": "Alle units (fictief)", "members": members}
    session.add(GroupVersion(group="alle-units", facts=told, **known))
    await session.commit()
    return keys
