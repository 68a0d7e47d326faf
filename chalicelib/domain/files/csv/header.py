"""The header of a CSV file (CALCULATION.md, 8): which column holds what, by its name or by the sender's choice.

Long form: a date, a type (or one for the whole file) and an amount. Wide form: a date, and a column of amounts for
each type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import CsvError
from chalicelib.domain.files.csv.energy_types import TYPES, UNIT_TYPES, plain, shortened
from chalicelib.domain.files.csv.options import CsvOptions
from chalicelib.domain.plausibility.words import UNITS
from chalicelib.domain.readings import EnergyType

_NAMES = {
    "date": ("date", "datum", "ablesedatum", "zeitpunkt", "timestamp", "datetime"),
    "time": ("time", "uhrzeit", "zeit"),
    "type": ("type", "typ", "art", "energieart", "zähler", "meter"),
    "amount": ("amount", "zählerstand", "zaehlerstand", "stand", "reading", "value", "wert"),
}
_THINGS = {name: thing for thing, names in _NAMES.items() for name in names} | TYPES
_WIDE = tuple(EnergyType)
_WITH_UNIT = ("amount", *_WIDE)
_PARAMETERS = {"date": "dateColumn", "type": "typeColumn", "amount": "amountColumn"}
_HOW = {
    "date": "name it date or pass dateColumn=",
    "type": "name it type, pass typeColumn=, or pass type=power or type=gas for the whole file",
    "amount": "name it amount or pass amountColumn=",
}

Found = Mapping[str, Sequence[int]]  # what a column holds, and the columns that may be meant


@dataclass(frozen=True, slots=True)
class Counter:
    """A column of amounts: its name in results, its position, and the type where the column's name has it.

    ``unit`` is the type that is counted in the unit of its header, if that names one.
    """

    column: str
    position: int
    type: EnergyType | None
    unit: EnergyType | None


@dataclass(frozen=True, slots=True)
class Header:
    """The line of a header, where its columns are, and what the file calls them.

    ``width`` counts the fields up to the last column with a name, ``fields`` all of them. ``nameless`` are the columns
    without a name, except those before the first one that has one.
    """

    line: int
    fields: int
    width: int
    nameless: Sequence[int]
    positions: Mapping[str, int]
    counters: Sequence[Counter]
    columns: Mapping[str, str]
    ignored_columns: Sequence[str]


def columns_of(fields: Sequence[str], options: CsvOptions) -> Found:
    """The columns of a line that may be meant, for each thing; a chosen column counts for nothing else."""
    names = [plain(field) for field in fields]
    found = {thing: _chosen(names, choice) for thing, choice in _choices(options).items()}
    taken = {position for positions in found.values() for position in positions}
    for position, name in enumerate(names):
        thing = _thing(name)
        if thing and thing not in _choices(options) and position not in taken:
            found.setdefault(thing, []).append(position)
    if "date" not in found and "time" in found:
        found["date"] = found.pop("time")
    return found


def missing_from(fields: Sequence[str], found: Found, options: CsvOptions) -> tuple[str, ...]:
    """What a line lacks to be a header."""
    date = () if found.get("date") else ("date",)
    if _wide(fields, found, options):
        return date
    needed = ("amount",) if options.type else ("type", "amount")
    return (*date, *(thing for thing in needed if not found.get(thing)))


def header_of(line: int, fields: Sequence[str], found: Found, options: CsvOptions) -> Header:
    """Parse a line as the header.

    Raises:
        CsvError: two columns for one thing, or a unit that does not count this type.
    """
    wide = _wide(fields, found, options)
    amounts: Found = wide or {"amount": _amount_columns(found, options)}
    wanted = {"date": found["date"], "time": found.get("time", ()), **amounts}
    if not wide and options.type is None:
        wanted["type"] = found["type"]
    positions = {thing: _only(thing, fields, columns) for thing, columns in wanted.items() if columns}
    counters = [_counter(thing, positions[thing], fields, options.type) for thing in amounts]
    named = {position: field.strip() for position, field in enumerate(fields) if field.strip()}
    used = set(positions.values())
    first, width = min(named), max(named) + 1
    others = {**{position: f"column {position + 1}" for position in range(first)}, **named}
    return Header(
        line=line,
        fields=len(fields),
        width=width,
        nameless=[position for position in range(first, width) if position not in named],
        positions=positions,
        counters=counters,
        columns={thing: shortened(named[position], 100) for thing, position in positions.items()},
        ignored_columns=[shortened(name, 100) for position, name in others.items() if position not in used],
    )


def refusal_of(line: int, fields: Sequence[str], missing: Sequence[str], options: CsvOptions) -> CsvError:
    """What to add to the line that is most like a header."""
    shown = shortened(", ".join(field.strip() for field in fields), 200)
    choices = _choices(options)
    how = "; ".join(
        f'no column is named "{shortened(choices[thing])}" as {_PARAMETERS[thing]}= says'
        if thing in choices
        else _HOW[thing]
        for thing in missing
    )
    return CsvError(f"missing column {', '.join(missing)}; the header in line {line} has {shown}: {how}")


def _choices(options: CsvOptions) -> dict[str, str]:
    """The columns that the sender chose; a type for the whole file wins over a column."""
    type_column = None if options.type else options.type_column
    choices = {"date": options.date_column, "type": type_column, "amount": options.amount_column}
    return {thing: choice for thing, choice in choices.items() if choice is not None}


def _chosen(names: Sequence[str], choice: str) -> list[int]:
    """Where the chosen name is: in full, or else without the unit."""
    wanted = plain(choice)
    whole = [position for position, name in enumerate(names) if name and name == wanted]
    return whole or [position for position, name in enumerate(names) if name and _split_unit(name)[0] == wanted]


def _thing(name: str) -> str | None:
    """What a name says that its column holds; brackets are for the units of amounts alone."""
    bare, unit = _split_unit(name)
    thing = _THINGS.get(bare)
    return thing if unit is None or thing in _WITH_UNIT else None


def _split_unit(name: str) -> tuple[str, str | None]:
    """A name without the brackets at its end, and the text in them."""
    for opening, closing in ("()", "[]"):
        bare, bracket, unit = name.rpartition(opening)
        if bracket and unit.endswith(closing):
            return bare.strip(), unit.removesuffix(closing).strip()
    return name, None


def _wide(fields: Sequence[str], found: Found, options: CsvOptions) -> Found:
    """The columns of amounts by their type; empty: it is the long form."""
    if options.type:
        kept = found.get(options.type) if "amount" not in found else None
        return {options.type: kept} if kept else {}
    if "type" in _choices(options) or (found.get("type") and found.get("amount")):
        return {}
    if options.amount_column is None:
        named: Found = {kind: found[kind] for kind in _WIDE if kind in found}
        # Beside the column of one meter alone, a column of amounts may be what is meant: two columns for one thing.
        return {kind: [*named[kind], *found.get("amount", ())] for kind in named} if len(named) == 1 else named
    kinds = {_thing(plain(fields[position])) for position in found["amount"]}
    return {kind: found["amount"] for kind in _WIDE if kinds == {kind.value}}


def _amount_columns(found: Found, options: CsvOptions) -> list[int]:
    """The columns that may hold the amounts: where the type is given, also the one named like it."""
    named = found.get(options.type, ()) if options.type and options.amount_column is None else ()
    return [*found["amount"], *named]


def _only(thing: str, fields: Sequence[str], columns: Sequence[int]) -> int:
    """The one column for a thing; CsvError if there are two."""
    if len(columns) == 1:
        return columns[0]
    distinct = dict[str, int]()
    for position in columns:
        distinct.setdefault(plain(fields[position]), position)
    named = [*distinct.values()] if len(distinct) > 1 else columns
    names = " and ".join(f'"{shortened(fields[position].strip())}"' for position in named[:2])
    parameter = _PARAMETERS.get("amount" if thing in _WITH_UNIT else thing)
    choice = parameter and len(distinct) > 1  # a name that several have chooses none of them
    way_out = f"pass {parameter}= with the name of one of them" if choice else "rename one of them"
    raise CsvError(f"two columns for the {thing}: {names}; {way_out}")


def _counter(thing: str, position: int, fields: Sequence[str], given: EnergyType | None) -> Counter:
    kind = EnergyType(thing) if thing in _WIDE else given
    name = fields[position].strip()
    _, unit = _split_unit(name)
    if unit is None:
        return Counter(thing, position, kind, None)
    counted = UNIT_TYPES.get(plain(unit))
    if counted is None or (kind and counted is not kind):
        wanted = f"{UNITS[kind]} for {kind}" if kind else "kWh for power, m3 for gas"
        raise CsvError(f'the unit of column "{shortened(name)}" must be {wanted}: convert the amounts and rename it')
    return Counter(thing, position, kind, counted)
