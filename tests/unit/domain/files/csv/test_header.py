"""Which column holds what: every name, the wide form, units, two columns for one thing, what is missing."""

import pytest

from chalicelib.domain.readings import EnergyType
from tests.unit.domain.calculation.building import at
from tests.unit.domain.files.csv.reading import read, refusal, shown

POWER, GAS = EnergyType.POWER, EnergyType.GAS


@pytest.mark.parametrize(
    "name", ["date", "Datum", "ABLESEDATUM", "Zeitpunkt", "timestamp", "datetime", " Zeit ", "time"]
)
def test_every_name_of_a_date_is_known(name: str) -> None:
    parsed = read(f"{name};type;amount\n2024-01-01;gas;5\n")
    assert (shown(parsed), parsed.format.columns["date"]) == ([(2, "gas", "5")], name.strip())


@pytest.mark.parametrize("name", ["type", "Typ", "Art", "Energieart", "Zähler", "ZÄHLER", "Za\u0308hler", "meter"])
def test_every_name_of_a_type_is_known(name: str) -> None:
    assert shown(read(f"date;{name};amount\n2024-01-01;gas;5\n")) == [(2, "gas", "5")]


@pytest.mark.parametrize(
    "name", ["amount", "Zählerstand", "zaehlerstand", "Stand", "Reading", "value", "Wert", "Wert [m3]", "stand(M³)"]
)
def test_every_name_of_an_amount_is_known(name: str) -> None:
    assert shown(read(f"date;type;{name}\n2024-01-01;gas;5\n")) == [(2, "gas", "5")]


@pytest.mark.parametrize("name", ["time", "Uhrzeit", "Zeit"])
def test_a_time_is_joined_with_its_date(name: str) -> None:
    parsed = read(f"Datum;{name};Typ;Stand\n1.7.2024;13:45;gas;5\n2.7.2024;;gas;6\n")
    assert [row.has_time for row in parsed.rows] == [True, False]
    assert parsed.rows[0].instant == read("date;type;amount\n2024-07-01T11:45Z;gas;5\n").rows[0].instant
    assert parsed.format.columns == {"date": "Datum", "time": name, "type": "Typ", "amount": "Stand"}


def test_a_date_with_a_time_beside_another_time_is_an_error_of_its_row() -> None:
    for text in ("1.7.2024 10:00", "2024-07-01T00:00:01", "1.7.2024 00:00+02:00", "1.7.2024 12:00"):
        [error] = read(f"date;time;type;amount\n{text};11:00;gas;5\n").errors
        told = f'date "{text}" has a time already, beside the time "11:00": leave one of them out'
        assert (error.column, error.reason) == ("date", told)


@pytest.mark.parametrize(
    "text",
    ["1.7.2024 00:00:00", "1.7.2024 0:00", "2024-07-01T00:00:00.000", "1/7/2024 12:00:00 AM", "2024-07-01 00:00"],
)
def test_midnight_behind_a_date_is_no_time_beside_a_column_of_times(text: str) -> None:
    parsed = read(f"date;time;type;amount\n{text};18:30;gas;5\n{text};;power;5\n")
    assert [(row.instant, row.has_time) for row in parsed.rows] == [
        (at("2024-07-01T18:30"), True),
        (at("2024-07-01"), True),
    ]


def test_a_month_first_date_beside_two_times_refuses_the_file() -> None:
    assert "exists month first" in refusal("date;time;type;amount\n7/31/2024 10:00;11:00;gas;5\n")


def test_a_bad_date_beside_a_time_is_named_with_both() -> None:
    [error] = read("date;time;type;amount\nsoon;11:00;gas;5\n").errors
    assert error.reason.startswith('date "soon 11:00" is not written like')


def test_an_amount_in_another_unit_than_its_column_names_the_column() -> None:
    [error] = read("date;type;Stand (kWh)\n1.1.2024;gas;1\n").errors
    assert error.reason == 'amount "1" of gas must be in m3, unlike its column "Stand (kWh)"'
    [error] = read("date;type;Stand (kWh)\n1.1.2024;power;1 m3\n").errors
    assert error.reason == 'amount "1 m3" of power must be in kWh'


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("power", "power"),
        ("Strom", "power"),
        ("electricity", "power"),
        ("ELEKTRIZITÄT", "power"),
        ("gas", "gas"),
        (" Erdgas ", "gas"),
        ("Elektrizita\u0308t", "power"),
    ],
)
def test_every_name_of_a_meter_is_known(name: str, kind: str) -> None:
    assert shown(read(f"date;type;amount\n2024-01-01;{name};5\n")) == [(2, kind, "5")]


def test_the_wide_form_has_a_column_for_each_meter() -> None:
    parsed = read("Datum;Strom (kWh);Gas [m³];Wasser\n1.1.2024;100,5;7;3\n2.1.2024;;8;\n3.1.2024;101;;\n4.1.2024;;;\n")
    assert shown(parsed) == [(2, "power", "100.5"), (2, "gas", "7"), (3, "gas", "8"), (4, "power", "101")]
    assert parsed.format.columns == {"date": "Datum", "power": "Strom (kWh)", "gas": "Gas [m³]"}
    assert parsed.format.ignored_columns == ["Wasser"]


@pytest.mark.parametrize(
    ("power", "gas"), [("power", "gas"), ("Electricity", "Erdgas"), ("Elektrizität (kWh)", "GAS [m3]")]
)
def test_the_wide_form_knows_every_name_of_a_type(power: str, gas: str) -> None:
    assert shown(read(f"date;{gas};{power}\n1.1.2024;5;6\n")) == [(2, "power", "6"), (2, "gas", "5")]


def test_a_bad_amount_of_the_wide_form_leaves_the_other_one() -> None:
    parsed = read("date;power;gas\n1.1.2024;x;7\n2.1.2024;-1;-2\n")
    assert [(row.line, row.type) for row in parsed.rows] == [(2, GAS)]
    assert [(error.line, error.column) for error in parsed.errors] == [(2, "power"), (3, "power"), (3, "gas")]


def test_the_wide_form_with_a_number_of_the_meter_beside_it() -> None:
    parsed = read("Datum;Zähler;Strom\n1.1.2024;1EMH0012;5\n")
    assert (shown(parsed), parsed.format.ignored_columns) == ([(2, "power", "5")], ["Zähler"])


def test_a_given_type_wins_over_a_column_which_is_then_ignored() -> None:
    parsed = read("date;type;amount\n1.1.2024;water;5\n", type=POWER)
    assert (shown(parsed), parsed.format.ignored_columns) == ([(2, "power", "5")], ["type"])


def test_a_given_type_chooses_its_column_of_the_wide_form() -> None:
    parsed = read("date;power;gas\n1.1.2024;5;6\n", type=GAS)
    assert (shown(parsed), parsed.format.ignored_columns) == ([(2, "gas", "6")], ["power"])
    assert "missing column amount" in refusal("date;power\n1.1.2024;5\n", type=GAS)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "date;Datum;type;amount",
            'two columns for the date: "date" and "Datum"; pass dateColumn= with the name of one of them',
        ),
        (
            "date;type;Zähler;amount",
            'two columns for the type: "type" and "Zähler"; pass typeColumn= with the name of one of them',
        ),
        (
            "date;type;Stand (kWh);Wert (EUR)",
            'two columns for the amount: "Stand (kWh)" and "Wert (EUR)"; '
            "pass amountColumn= with the name of one of them",
        ),
        (
            "date;Strom;Power",
            'two columns for the power: "Strom" and "Power"; pass amountColumn= with the name of one of them',
        ),
        ("date;type;amount;Amount", 'two columns for the amount: "amount" and "Amount"; rename one of them'),
        ("date;Strom;STROM", 'two columns for the power: "Strom" and "STROM"; rename one of them'),
        (
            "date;type;amount;Amount;Stand",
            'two columns for the amount: "amount" and "Stand"; pass amountColumn= with the name of one of them',
        ),
        ("date;Zeit;Uhrzeit;type;amount", 'two columns for the time: "Zeit" and "Uhrzeit"; rename one of them'),
        (
            "Zeit;Uhrzeit;type;amount",
            'two columns for the date: "Zeit" and "Uhrzeit"; pass dateColumn= with the name of one of them',
        ),
    ],
)
def test_two_columns_for_one_thing_are_refused_and_both_named(header: str, message: str) -> None:
    assert refusal(f"{header}\n1;2;3;4;5\n") == message


def test_a_parameter_chooses_one_of_two_columns() -> None:
    header = "Ablesedatum;Datum;Art;Zähler;Stand (m3);Wert (EUR)"
    row = "2.1.2024;1.1.2024;Hauptzähler;Gas;7;99"
    parsed = read(f"{header}\n{row}\n", date_column="datum", type_column=" ZÄHLER", amount_column="Stand")
    assert shown(parsed) == [(2, "gas", "7")]
    assert parsed.format.columns == {"date": "Datum", "type": "Zähler", "amount": "Stand (m3)"}
    assert parsed.format.ignored_columns == ["Ablesedatum", "Art", "Wert (EUR)"]


def test_a_chosen_column_may_have_any_name_and_counts_for_nothing_else() -> None:
    parsed = read("Stand;Was;Wert\n1.1.2024;gas;5\n", date_column="Stand", type_column="Was")
    assert shown(parsed) == [(2, "gas", "5")]


def test_beside_the_column_of_one_meter_a_column_of_amounts_is_another_one() -> None:
    file = "date;power;value\n1.1.2024;5;6\n"
    assert refusal(file).startswith('two columns for the power: "power" and "value"; pass amountColumn=')
    assert shown(read(file, amount_column="power")) == [(2, "power", "5")]
    both = read("date;power;gas;value\n1.1.2024;5;6;7\n")
    assert (shown(both), both.format.ignored_columns) == ([(2, "power", "5"), (2, "gas", "6")], ["value"])


def test_with_a_given_type_a_column_of_its_name_is_another_amount() -> None:
    file = "date;power;value\n1.1.2024;5;6\n"
    assert refusal(file, type=POWER).startswith('two columns for the amount: "value" and "power"; pass amountColumn=')
    assert shown(read(file, type=POWER, amount_column="power")) == [(2, "power", "5")]
    assert shown(read(file, type=GAS)) == [(2, "gas", "6")]


def test_a_chosen_column_of_the_wide_form_keeps_its_type() -> None:
    parsed = read("date;Strom;Power\n1.1.2024;5;6\n", amount_column="Power")
    assert (shown(parsed), parsed.format.ignored_columns) == ([(2, "power", "6")], ["Strom"])


def test_a_choice_that_two_columns_have_is_refused() -> None:
    told = 'two columns for the amount: "a" and "A"; rename one of them'
    assert refusal("date;type;a;A\n1.1.2024;gas;5;6\n", amount_column="a") == told


@pytest.mark.parametrize(("choice", "parameter"), [("date_column", "dateColumn"), ("amount_column", "amountColumn")])
@pytest.mark.parametrize("name", ["nope", ""])
def test_a_chosen_column_that_is_not_there_is_named(choice: str, parameter: str, name: str) -> None:
    message = refusal("date;type;amount\n1.1.2024;gas;5\n", **{choice: name})
    assert f'no column is named "{name}" as {parameter}= says' in message


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("date;type;amount (MWh)", None),
        ("date;type;amount (l)", None),
        ("date;type;amount ()", None),
        ("date;amount (m3)", POWER),
        ("date;amount (kWh)", GAS),
        ("date;Strom (m3)", None),
        ("date;power;gas [kWh]", None),
    ],
)
def test_a_unit_that_does_not_count_this_type_refuses_the_file(header: str, kind: EnergyType | None) -> None:
    assert refusal(f"{header}\n1.1.2024;5\n", type=kind).startswith("the unit of column ")


def test_a_unit_of_the_header_holds_for_every_row() -> None:
    parsed = read(
        "date;type;amount (kWh)\n1.1.2024;power;5\n1.1.2024;gas;6\n1.1.2024;power;7 m3\n1.1.2024;power;8 kWh\n"
    )
    assert [row.line for row in parsed.rows] == [2, 5]
    assert [error.reason for error in parsed.errors] == [
        'amount "6" of gas must be in m3, unlike its column "amount (kWh)"',
        'amount "7 m3" of power must be in kWh',
    ]


def test_brackets_belong_to_amounts_alone() -> None:
    """A date "(UTC)" read as a local one would be hours off."""
    assert "missing column date" in refusal("Datum (UTC);type;amount\n1.1.2024;gas;5\n")
    assert shown(read("Datum (UTC);type;amount\n1.1.2024;gas;5\n", date_column="Datum (UTC)")) == [(2, "gas", "5")]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "date;type",
            "missing column amount; the header in line 1 has date, type: name it amount or pass amountColumn=",
        ),
        ("x\nid;date;amount", "missing column type; the header in line 2 has id, date, amount: name it type, pass "),
        ("type;amount", "missing column date; the header in line 1 has type, amount: name it date or pass dateColumn="),
        ("1.1.2024;gas;5", 'no header in the first 20 lines, the first line is "1.1.2024;gas;5": add a line such as '),
        (";;;\nfoo", 'the first line is ";;;": add a line such as date;type;amount'),
        ("y" * 5000, f'the first line is "{"y" * 100}": add'),
    ],
)
def test_what_is_missing_is_named_with_what_to_add(header: str, message: str) -> None:
    answer = refusal(f"{header}\n")
    assert message in answer
    assert len(answer) < 400


def test_a_wrong_delimiter_is_named_where_no_header_is_found() -> None:
    assert "with the delimiter ," in refusal("foo;bar\n", delimiter=",")
    assert "with the delimiter tab" in refusal("sep=\t\nfoo;bar\n")


def test_a_header_with_another_delimiter_than_the_known_one_is_named() -> None:
    assert refusal("Title\ndate;type;amount\n", delimiter=",") == (
        'no header with the delimiter ",": line 2 is one with ";"; leave delimiter= out'
    )
    assert refusal("sep=\t\ndate,amount\n", type=GAS) == (
        'no header with the delimiter "tab": line 2 is one with ","; correct the line sep= or take it out'
    )


def test_with_a_given_type_no_column_for_it_is_asked_for() -> None:
    told = refusal("1.1.2024;5\n", type=GAS)
    assert told.startswith("missing column date, amount; no header")
    assert told.endswith("add a line such as date;amount")
    assert "typeColumn" not in refusal("date;type\n", type=GAS)


def test_long_names_are_cut() -> None:
    parsed = read(f"date;type;amount;{'n' * 5000}\n")
    assert parsed.format.ignored_columns == ["n" * 100]
