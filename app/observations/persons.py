"""Is there a person in it? Capacity is counted, people are not: what looks like one is refused."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.faults import pointer

Step = int | str
# A path from the value up to the root, so that a deep message costs no more than a wide one.
Path = tuple["Path", Step] | None


@dataclass(frozen=True)
class PersonFound:
    """Of what kind, and where; never what it was."""

    code: str
    pointer: str


# Without signs and accents, in small letters. Names of our own fields must not be among them.
FIELDS = frozenset(
    {
        *("bsn", "burgerservicenummer", "sofinummer", "sofinr", "ssn", "nhsnumber", "nationalid"),
        *("naam", "name", "naamvoluit", "volledigenaam", "fullname", "displayname", "roepnaam"),
        *("voornaam", "voornamen", "voorletters", "initialen", "initials", "tussenvoegsel"),
        *("achternaam", "familienaam", "geslachtsnaam", "meisjesnaam", "geboortenaam"),
        *("firstname", "lastname", "surname", "givenname", "given", "familyname", "maidenname"),
        *("patient", "patientnaam", "patientname", "patientnummer", "patientnr", "patientid"),
        *("patientidentifier", "subject", "mrn", "medicalrecordnumber", "zisnummer", "zisnr"),
        *("client", "clientnaam", "clientname", "clientnummer", "clientnr", "clientid"),
        *("bewoner", "bewonernaam", "bewonernummer", "bewonerid", "persoon", "person", "personid"),
        *("dossiernummer", "dossiernr", "opnamenummer", "episodenummer", "encounterid"),
        *("polisnummer", "verzekerdenummer", "verzekeringsnummer", "iban", "rekeningnummer"),
        *("geboren", "geboortedatum", "geboortejaar", "gebdatum", "gebdat", "geboortedag"),
        *("birthdate", "dateofbirth", "birthday", "birthyear", "dob", "born"),
        *("overlijdensdatum", "deceaseddatetime", "geslacht", "gender", "sex"),
        *("adres", "address", "straat", "straatnaam", "street", "huisnummer", "postcode"),
        *("postalcode", "zipcode", "woonplaats", "woonadres"),
        *("telefoon", "telefoonnummer", "telefoonnr", "telnr", "tel", "mobiel", "gsm", "phone"),
        *("phonenumber", "mobile", "telephone", "telecom"),
        *("email", "emailadres", "emailaddress", "mail", "mailadres"),
        *("diagnose", "diagnosis", "medicatie", "medication", "anamnese"),
        *("medewerker", "medewerkernaam", "medewerkernummer", "personeelsnummer", "bignummer"),
        *("employeename", "employeenumber", "employeeid"),
    }
)
# Such a name is a person's whatever stands around it: `patientBsn2`, `datum_geboorte`.
PARTS = re.compile("burgerservice|geboorte|achternaam|voornaam|birthdate|dateofbirth|^bsn|bsn$")

# Taken out before numbers are looked for: a moment, a day and a UUID are full of digits.
NUMBERED = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"(?:19|20|21)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?"
    r"|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|[0-9A-Fa-f]{32}"
    r")(?![0-9A-Za-z])"
)
DIGITS = re.compile(r"[0-9]+")
# What may stand between groups of digits: "1234.56.782", "123 456 782".
JOINTS = frozenset(" .-/_")
PHONE = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:\+|00)31[ .\-]?(?:\(0\)[ .\-]?)?|\(?0)[1-9](?:\)?[ .\-]?\d){8}(?![0-9])"
)
EMAIL = re.compile(r"[\w.+-]@[\w-]+\.[\w-]")
SIGNED = re.compile(r"[0-9@]")
# A patient segment of HL7 v2, and a resource of FHIR about a person.
SEGMENT = re.compile(r"(?:^|[\r\n\x0b])(?:PID|NK1|PD1)\|")
RESOURCES = frozenset({"Patient", "Person", "RelatedPerson", "Practitioner"})
LABELLED = re.compile(r"([^\W\d_][\w -]{1,40}?)[\"'>]?\s{0,3}[:=>]")
CELLS = re.compile(r"[;,\t|]")
WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def passes_eleven_test(digits: str) -> bool:
    """The check of a BSN: 9 digits (8: a leading zero fell off), weights 9 to 2 and -1."""
    if len(digits) not in (8, 9) or not digits.isascii() or not digits.isdigit():
        return False
    padded = digits.zfill(9)
    total = sum(int(digit) * weight for digit, weight in zip(padded, WEIGHTS, strict=True))
    return int(padded) > 0 and total % 11 == 0


def person_in(value: Any) -> PersonFound | None:  # noqa: ANN401
    """The first trace of a person in parsed JSON, in keys and values, however deep."""
    left: list[tuple[Path, Any]] = [(None, value)]
    while left:
        at, told = left.pop()
        code = code_of(told)
        if code:
            return PersonFound(code, pointer(steps(at)))
        if isinstance(told, dict):
            for key, inner in told.items():
                code = code_of_field(str(key)) or code_of_resource(key, inner)
                if code:
                    return PersonFound(code, pointer([*steps(at), withheld(str(key))]))
                left.append(((at, str(key)), inner))
        elif isinstance(told, list | tuple):
            left.extend(((at, n), inner) for n, inner in enumerate(told))
    return None


def steps(at: Path) -> list[Step]:
    found: list[Step] = []
    while at is not None:
        at, step = at
        found.append(step)
    return found[::-1]


def withheld(key: str) -> str:
    # A word of the list above may be said; what else was found in a key may not.
    return key if key.isascii() and key.casefold() in FIELDS else "?"


def person_in_text(text: str) -> PersonFound | None:
    """The first trace of a person in a text that is not JSON: CSV, XML, HL7, a log line.

    The pointer names the line, counted from zero. The first line is read as a header.
    """
    lines = text.splitlines()
    if lines and any(code_of_field(cell) for cell in CELLS.split(lines[0])):
        return PersonFound("field-of-a-person", pointer((0,)))
    for n, line in enumerate(lines):
        code = code_of_text(line) or code_of_labels(line)
        if code:
            return PersonFound(code, pointer((n,)))
    return None


def code_of(told: object) -> str | None:
    if isinstance(told, str):
        return code_of_text(told)
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    whole = abs(told)
    if not 10_000_000 <= whole < 1_000_000_000 or whole != int(whole):
        return None
    return "number-of-a-person" if passes_eleven_test(str(int(whole))) else None


def code_of_text(text: str) -> str | None:
    if SEGMENT.search(text):
        return "message-about-a-person"
    # Digits and signs of other scripts that stand for the same.
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if not SIGNED.search(text):
        return None
    if EMAIL.search(text):
        return "e-mail-address"
    plain = NUMBERED.sub(" | ", text)
    if any(map(passes_eleven_test, numbers(plain))):
        return "number-of-a-person"
    return "telephone-number" if PHONE.search(plain) else None


def numbers(text: str) -> Iterator[str]:
    """What may be one number: a run of digits, or up to five groups with one sign between them."""
    groups = list(DIGITS.finditer(text))
    for n, first in enumerate(groups):
        if len(first.group()) == 9 or stands_free(first, text):
            yield first.group()
        run, joint = first.group(), ""
        for count, (before, after) in enumerate(pairwise(groups[n : n + 5]), 2):
            gap = text[before.end() : after.start()]
            if gap not in JOINTS or gap != (joint or gap):
                break
            run, joint = run + after.group(), gap
            # Two groups of digits are more often a decimal number, or a code with a year.
            if count > 2 or (len(run) == 9 and gap in " -"):
                yield run


def stands_free(digits: re.Match[str], text: str) -> bool:
    # Codes of areas and institutions are letters with eight digits; a BSN stands by itself.
    begin, end = digits.span()
    around = text[max(begin - 1, 0) : begin] + text[end : end + 1]
    return not any(sign.isalpha() for sign in around)


def code_of_field(name: str) -> str | None:
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(sign for sign in plain if sign.isalpha() and sign.isascii())
    if letters in FIELDS or PARTS.search(letters):
        return "field-of-a-person"
    return code_of_text(name)


def code_of_resource(key: object, inner: object) -> str | None:
    about = key == "resourceType" and isinstance(inner, str) and inner in RESOURCES
    return "message-about-a-person" if about else None


def code_of_labels(line: str) -> str | None:
    """`naam: ...`, `bsn=...` or `<achternaam>...` in running text."""
    labels = (match.group(1) for match in LABELLED.finditer(line))
    return next(("field-of-a-person" for each in labels if is_label(each)), None)


def is_label(words: str) -> bool:
    return any(code_of_field(each) == "field-of-a-person" for each in (words, words.split()[-1]))
