"""The files that people have: spreadsheets on Windows and Mac, meter apps, utilities; and what is no text at all."""

import codecs

import pytest

from chalicelib.domain.readings import EnergyType
from tests.unit.domain.calculation.building import at
from tests.unit.domain.files.csv.reading import read, refusal, shown

GERMAN = "Datum;Zählerstand (kWh)\r\n01.11.2024;1.234,5\r\n01.12.2024;1.300\r\n"


def test_german_excel_on_windows_is_read_with_a_type_for_the_file() -> None:
    parsed = read(GERMAN.encode("cp1252"), type=EnergyType.POWER)
    assert shown(parsed) == [(2, "power", "1234.5"), (3, "power", "1300")]
    assert [row.instant for row in parsed.rows] == [at("2024-11-01"), at("2024-12-01")]
    form = parsed.format
    assert (form.encoding, form.delimiter, form.decimal, form.date_order) == ("windows-1252", ";", ",", "dmy")
    assert form.columns == {"date": "Datum", "amount": "Zählerstand (kWh)"}


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("cp1252", "windows-1252"),
    ],
)
def test_every_encoding_is_found_and_named(codec: str, name: str) -> None:
    parsed = read(GERMAN.encode(codec), type=EnergyType.POWER)
    assert (parsed.format.encoding, len(parsed.rows)) == (name, 2)


def test_big_endian_utf_16_is_read_by_its_mark() -> None:
    content = codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be")
    assert read(content, type=EnergyType.POWER).format.encoding == "utf-16"


def test_ascii_is_utf_8() -> None:
    assert read("date;type;amount\n").format.encoding == "utf-8"


def test_unicode_text_of_excel_has_tabs() -> None:
    content = 'Datum\tArt\tStand\tNotiz\r\n1.11.24\tErdgas\t"12,5"\tKeller, links; oben\r\n'.encode("utf-16")
    parsed = read(content)
    assert (shown(parsed), parsed.format.delimiter) == ([(2, "gas", "12.5")], "\t")
    assert parsed.format.ignored_columns == ["Notiz"]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
def test_a_first_line_tells_the_delimiter_and_counts(first: str) -> None:
    parsed = read(f"{first}\r\ndate;type;amount;a,b\r\n1.1.2024;gas;5;\r\n")
    assert (shown(parsed), parsed.format.header_line) == ([(3, "gas", "5")], 2)


def test_the_first_line_tells_a_tab() -> None:
    assert shown(read("sep=\t\ndate\ttype\tamount\n1.1.2024\tgas\t5\n")) == [(3, "gas", "5")]


def test_a_given_delimiter_wins_over_the_first_line() -> None:
    assert shown(read("sep=,\ndate;type;amount\n1.1.2024;gas;5\n", delimiter=";")) == [(3, "gas", "5")]


def test_a_first_line_with_another_delimiter_is_refused() -> None:
    assert (
        refusal("sep=|\ndate|type|amount\n") == 'the first line says "sep=|", but the delimiter must be a tab, ; or ,'
    )


def test_a_file_of_a_mac_ends_lines_with_a_carriage_return() -> None:
    assert shown(read('"Date";"Type";"Reading"\r1.1.2024;gas;5\r\r2.1.2024;gas;6\r')) == [
        (2, "gas", "5"),
        (4, "gas", "6"),
    ]


def test_titles_before_the_header_are_skipped_and_counted() -> None:
    titles = 'Export of "my" meters\n"Flat 3" ground floor;\n\nCreated;2024-12-01\n'
    parsed = read(f"{titles}Datum;Typ;Stand\n1.1.2024;Strom;5\n")
    assert (shown(parsed), parsed.format.header_line) == ([(6, "power", "5")], 5)


@pytest.mark.parametrize(("line", "found"), [(20, True), (21, False)])
def test_the_header_is_within_the_first_twenty_lines(line: int, found: bool) -> None:
    content = "title\n" * (line - 1) + "date;type;amount\n1.1.2024;gas;5\n"
    if found:
        assert read(content).format.header_line == line
    else:
        assert 'no header in the first 20 lines, the first line is "title"' in refusal(content)


def test_empty_columns_at_the_end_of_each_line_are_nothing() -> None:
    parsed = read("Datum;Typ;Stand;;\n1.1.2024;gas;5;;\n2.1.2024;gas;6;;;;\n3.1.2024;gas;7\n")
    assert shown(parsed) == [(2, "gas", "5"), (3, "gas", "6"), (4, "gas", "7")]
    assert parsed.format.ignored_columns == []


def test_a_header_may_have_line_ends_and_quotation_marks() -> None:
    parsed = read('"Datum";"Typ";"Zählerstand\n(kWh)";"a ""b"""\n1.1.2024;Strom;5;\n')
    assert shown(parsed) == [(3, "power", "5")]
    assert parsed.format.ignored_columns == ['a "b"']


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (codecs.BOM_UTF8, "the file is empty"),
        (codecs.BOM_UTF16_LE, "the file is empty"),
        (b"\n" * 4_000_000, "the file is empty"),
        ("date;type;amount".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ("date;type;amount".encode("utf-16")[:-1], "begins as UTF-16 but breaks off within a character"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8", "begins as UTF-16 but breaks off within a character"),
        (codecs.BOM_UTF8 + b"date;type;amount\n\xe4", "begins as UTF-8 but is not (byte 0xE4 in line 2)"),
        (b"date;type;amount\r\n\r\n1.1.2024\x81\xe4", "neither UTF-8 nor Windows-1252 (byte 0x81 in line 3)"),
        (b"PK\x03\x04\x14\x00", "the file is a workbook or an archive, not CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "the file is a workbook or an archive, not CSV"),
        (b"a," * 1_600_000, "line 1 has 1600001 columns; at most 1000 are read"),
        (b";" * 4_000_000, "line 1 has 4000001 columns; at most 1000 are read"),
        (b'"' * 4_000_000, "line 1: field larger than field limit (131072); is a quotation mark open"),
        (b'date;type;amount\n1.1.2024;gas;"5\n' + b"\n" * 4_000_000, "line 2: field larger than field limit"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_at_all_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    message = refusal(content)
    assert reason in message
    assert len(message) < 300


def test_as_many_columns_as_allowed_are_read() -> None:
    names = ";".join(f"c{number}" for number in range(997))
    assert shown(read(f"date;type;amount;{names}\n1.1.2024;gas;5\n")) == [(2, "gas", "5")]
    assert "1001 columns" in refusal(f"date;type;amount;{names};x\n1.1.2024;gas;5\n")


def test_an_open_quotation_mark_does_not_swallow_the_next_row() -> None:
    swallowed = 'date;type;amount;note\n1.1.2024;gas;5;"\n2.1.2024;gas;6;"\n3.1.2024;gas;7;"two\nlines; here"\n'
    parsed = read(swallowed)
    assert [(error.line, error.column) for error in parsed.errors] == [(2, None)]
    assert "lines 2 to 3 are one row, with a date in a text" in parsed.errors[0].reason
    assert [row.line for row in parsed.rows] == [4]


def test_an_open_quotation_mark_does_not_give_a_row_the_next_amount() -> None:
    parsed = read('note;date;type;amount\n"x;1.1.2024;gas;5\ny";2.1.2024;gas;6\n')
    assert ([error.line for error in parsed.errors], parsed.rows) == ([2], [])


@pytest.mark.parametrize(
    "row",
    [
        "2024-01-01,gas,12,5,",
        "2024-01-01,gas,12,5",
        "2024-01-01,gas,12,345,x",
    ],
)
@pytest.mark.parametrize("header", ["date,type,amount", "date,type,amount,"])
def test_an_amount_torn_at_its_comma_is_never_stored_as_its_first_half(header: str, row: str) -> None:
    parsed = read(f"{header}\n{row}\n")
    assert ([error.line for error in parsed.errors], parsed.rows) == ([2], [])


def test_an_amount_torn_at_its_comma_shifts_a_named_column() -> None:
    parsed = read("date,type,amount,note\n2024-01-01,gas,12,5,\n2024-01-02,gas,13,ok\n2024-01-03,gas,14,,\n")
    assert ([error.line for error in parsed.errors], [row.line for row in parsed.rows]) == ([2], [3, 4])


def test_what_stands_in_a_column_without_a_name_is_an_error_of_its_row() -> None:
    parsed = read("date;amount;;type\n1.1.2024;5;;gas\n2.1.2024;6;x;gas\n")
    assert [(error.line, error.reason) for error in parsed.errors] == [
        (3, "column 3 is not empty, but has no name in the header")
    ]


def test_the_numbers_of_rows_before_the_first_name_are_an_ignored_column() -> None:
    parsed = read(",date,type,amount\n0,2024-01-01,gas,5\n1,2024-01-02,gas,6\n")
    assert shown(parsed) == [(2, "gas", "5"), (3, "gas", "6")]
    assert parsed.format.ignored_columns == ["column 1"]


def test_a_comma_at_the_end_of_every_line_tears_no_amount() -> None:
    parsed = read("date,power,gas,\n2024-01-01,12,5,\n")
    assert shown(parsed) == [(2, "power", "12"), (2, "gas", "5")]
