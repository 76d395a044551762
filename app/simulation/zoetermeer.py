"""The region of Zoetermeer (fictief): its units, pools and rates. Every figure is an assumption."""

from app.simulation.plan import Plan


def zoetermeer() -> Plan:
    """The units by the slugs of the region file."""
    return Plan((), (), ())
