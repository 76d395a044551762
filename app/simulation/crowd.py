"""Everyone who asked for a place, as it happens: one row for each request, in growing columns."""

from array import array

NAMES = (
    *("person", "need", "urgency", "entrance", "asked", "wanted", "first", "cell", "accepted"),
    *("moving", "placed", "ready", "left", "lost", "destination", "tries", "origin"),
)


class Crowd:
    """Rows by number; a moment, cell or origin of -1 is not (yet)."""

    __slots__ = (*NAMES, "persons")

    person: "array[int]"
    need: "array[int]"
    urgency: "array[int]"
    entrance: "array[int]"
    asked: "array[int]"
    # When the place is wanted: the planned day, else when asked.
    wanted: "array[int]"
    # The cell whose unit counts the request.
    first: "array[int]"
    # The promised or taken cell.
    cell: "array[int]"
    accepted: "array[int]"
    # When a person who was promised a place is expected to come.
    moving: "array[int]"
    placed: "array[int]"
    # Known here from the start; others may see it once it is past.
    ready: "array[int]"
    left: "array[int]"
    lost: "array[int]"
    destination: "array[int]"
    tries: "array[int]"
    # The row of the place that the person is in while asking.
    origin: "array[int]"

    def __init__(self) -> None:
        self.persons = 0
        for name in NAMES:
            setattr(self, name, array("q"))

    def __len__(self) -> int:
        return len(self.asked)

    def add(
        self,
        need: int,
        asked: int,
        wanted: int,
        *,
        urgency: int = 0,
        entrance: int = 0,
        origin: int = -1,
    ) -> int:
        """The number of a new row: of a new person, or of the one in the place of `origin`."""
        row = len(self.asked)
        if origin < 0:
            self.person.append(self.persons)
            self.persons += 1
        else:
            self.person.append(self.person[origin])
        self.need.append(need)
        self.urgency.append(urgency)
        self.entrance.append(entrance)
        self.asked.append(asked)
        self.wanted.append(wanted)
        self.tries.append(0)
        self.origin.append(origin)
        for column in (self.first, self.cell, self.accepted, self.moving, self.placed):
            column.append(-1)
        for column in (self.ready, self.left, self.lost, self.destination):
            column.append(-1)
        return row
