"""What a labour table does not tell, read from words: `19-44`, `nurse=0.8-1.2`, `20-39:0.4,...`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Read = TypeVar("Read")
Between = tuple[float, float]
Asks = tuple[str, str | None, float]  # care setting, bed type (None: hours of care), FTE
NUMBER = r"[0-9]{1,3}(?:\.[0-9]{1,6})?"
BETWEEN = re.compile(rf"({NUMBER}) ?- ?({NUMBER})")
SHARE = re.compile(rf"([0-9]{{2}}) ?- ?([0-9]{{2}}) ?: ?({NUMBER})")
ASKED = re.compile(rf"([a-z0-9-]+)(?:/([a-z0-9-]+))? ?: ?({NUMBER})")
WORD = re.compile(r"[a-z0-9-]+")
ADDED = 0.005  # shares of ages add up to 1 but for how they were rounded


@dataclass(frozen=True, slots=True)
class Beside:
    """What the table does not tell of one role of it.

    `inflow` and `outflow` are P10 and P90 as factors of the table's figure, 0 < P10 <= 1 <= P90;
    `ages` are shares of people by age that add up to 1, used where the table tells no ages.
    """

    name: str
    role: str
    begins: tuple[int, int]
    retires: float
    inflow: Between
    outflow: Between
    asked: Sequence[Asks]
    ages: Mapping[tuple[int, int], float] | None = None


def by_role(
    option: str, told: Sequence[str], roles: Sequence[str], read: Callable[[str], Read]
) -> dict[str, list[Read]]:
    """What an option tells of each role: `ROLE=...` of one, without it of all that have none.

    Raises ValueError with the way out: an unknown role, one of which nothing is told, or what
    `read` refuses.
    """
    own: dict[str, list[Read]] = {}
    every: list[Read] = []
    for text in told:
        role, _, value = text.rpartition("=")
        if role and roles and role not in roles:
            raise ValueError(f"{option} {text}: --role names no {role}, only {', '.join(roles)}.")
        try:
            found = read(value.strip())
        except ValueError as refused:
            raise ValueError(f"{option} {text}: {refused}") from None
        (own.setdefault(role, []) if role else every).append(found)
    silent = [role for role in roles if role not in own and not every]
    if silent:
        raise ValueError(f"{option} tells nothing of {', '.join(silent)}. Add it.")
    return {role: own.get(role, every) for role in roles}


def once_by_role(
    option: str, told: Sequence[str], roles: Sequence[str], read: Callable[[str], Read]
) -> dict[str, Read]:
    found = by_role(option, told, roles, read)
    several = [role for role, each in found.items() if len(each) > 1]
    if several:
        raise ValueError(f"{option} is told more than once of {', '.join(several)}. Keep one.")
    return {role: each[0] for role, each in found.items()}


def names_of(told: Sequence[str]) -> dict[str, str]:
    """`Verpleegkundige mbo=nurse`: the names of the table by the roles of the region file."""
    names: dict[str, str] = {}
    for text in told:
        name, _, role = text.rpartition("=")
        if not name.strip() or not WORD.fullmatch(role):
            raise ValueError(
                f"--role {text}: give a name of FILE and a role of the region file, such as "
                '"Verpleegkundige mbo=nurse".'
            )
        if role in names:
            raise ValueError(f"--role {text}: {role} is {names[role]} already. Keep one.")
        names[role] = name.strip()
    return names


def asks_of(told: Sequence[str], roles: Sequence[str]) -> dict[str, list[Asks]]:
    return by_role("--asked", told, roles, asked_of)


def working_of(told: str | None) -> tuple[int, int] | None:
    try:
        return None if told is None else span_of(told)
    except ValueError as refused:
        raise ValueError(f"--working-ages {told}: {refused}") from None


def factors_of(text: str) -> Between:
    found = BETWEEN.fullmatch(text)
    if not found or not 0 < float(found[1]) <= 1 <= float(found[2]):
        raise ValueError("give P10 and P90 as factors around 1, such as 0.8-1.2.")
    return float(found[1]), float(found[2])


def span_of(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{2}) ?- ?([0-9]{2})", text)
    if not found or not 14 <= int(found[1]) <= int(found[2]) <= 90:
        raise ValueError("give two ages from 14 to 90, such as 19-44.")
    return int(found[1]), int(found[2])


def age_of(text: str) -> float:
    if not re.fullmatch(NUMBER, text) or not 50 <= float(text) <= 80:
        raise ValueError("give an age from 50 to 80, such as 67.25.")
    return float(text)


def shares_of(text: str) -> dict[tuple[int, int], float]:
    """`20-39:0.4,40-66:0.6`: ages that rise, and shares that add up to 1."""
    shares: dict[tuple[int, int], float] = {}
    last = 0
    for part in text.split(","):
        found = SHARE.fullmatch(part.strip())
        if not found or not last < int(found[1]) <= int(found[2]):
            raise ValueError("give ages that rise with their shares, such as 20-39:0.4,40-66:0.6.")
        last = int(found[2])
        shares[int(found[1]), last] = float(found[3])
    total = sum(shares.values())
    if abs(total - 1) > ADDED:
        raise ValueError(f"the shares add up to {total:.4g}, and not to 1. Correct them.")
    return {ages: share / total for ages, share in shares.items()}


def asked_of(text: str) -> Asks:
    found = ASKED.fullmatch(text)
    if not found or float(found[3]) <= 0:
        raise ValueError(
            "give a care setting, its bed type unless it is hours of care, and FTE at work, such "
            "as short-stay/elv-high:0.8 or home-care:0.034."
        )
    return found[1], found[2], float(found[3])
