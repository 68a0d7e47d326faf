"""Files come as the body or as the one file of a form, under every name that clients have for CSV."""

import pytest
from chalice.test import HTTPResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.api.errors import RequestError
from chalicelib.api.upload import FILE_BYTES, UploadedFile, file_of
from chalicelib.domain.errors import InvalidInputError
from tests.depth import depth
from tests.functional.conftest import Api, problem, refused

CSV = b"date,type,amount\n2023-01-31,power,1000\n"
IMPORTS = {
    "v1": "/v1/energy/import",
    "v2": "/v2/energy/import",
    "components": "/components/csv_import",
}
EVERY_IMPORT = pytest.mark.parametrize("path", IMPORTS.values())
TYPES = ("text/csv", "text/plain", "application/csv", "application/vnd.ms-excel")
FORM = "multipart/form-data; boundary=----WebKitFormBoundaryAbC123"
DELIMITER = b"------WebKitFormBoundaryAbC123"


def part(content: bytes = CSV, head: str = 'name="file"; filename="a.csv"', media: str | None = "text/csv") -> bytes:
    typed = f"Content-Type: {media}\r\n" if media else ""
    return f"Content-Disposition: form-data; {head}\r\n{typed}\r\n".encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(DELIMITER + b"\r\n" + each for each in parts) + DELIMITER + b"--\r\n"


def send(api: Api, path: str, body: bytes, content_type: str = FORM) -> HTTPResponse:
    return api.request("POST", path, body, content_type=content_type)


def read(body: bytes, accepted: tuple[str, ...] = TYPES) -> UploadedFile:
    return file_of(body, FORM, accepted)


def refusal(path: str, answer: HTTPResponse, status: int) -> str:
    body = refused("v1" if path.startswith("/v1") else "v2", answer, status)
    return str(body.get("error") or body["detail"])


@EVERY_IMPORT
@pytest.mark.parametrize("media", [*TYPES, "Text/CSV; charset=windows-1252; header=present"])
def test_a_file_is_taken_under_every_name_that_clients_have_for_csv(api: Api, path: str, media: str) -> None:
    answer = send(api, path, CSV, media)
    assert (answer.status_code, answer.json_body["success"]) == (200, 1)


@EVERY_IMPORT
@pytest.mark.parametrize("media", [*TYPES, "application/octet-stream", None])
def test_a_form_brings_one_file(api: Api, path: str, media: str | None) -> None:
    answer = send(api, path, form(part(media=media)))
    assert (answer.status_code, answer.json_body["success"]) == (200, 1)


@EVERY_IMPORT
@pytest.mark.parametrize("media", ["application/xml", "image/png", "multipart/mixed", "", "x" * 5000])
def test_another_type_is_415_and_names_those_that_are_taken(api: Api, path: str, media: str) -> None:
    said = refusal(path, send(api, path, CSV, media), 415)
    assert "text/csv or text/plain or application/csv or application/vnd.ms-excel" in said
    assert "multipart/form-data" in said
    assert len(said) < 500


@EVERY_IMPORT
def test_another_type_in_a_form_is_415(api: Api, path: str) -> None:
    assert "image/png" in refusal(path, send(api, path, form(part(media="image/png"))), 415)


def test_json_is_a_file_where_exports_are_imported_and_not_in_version_1(api: Api) -> None:
    refusal("/v1", send(api, IMPORTS["v1"], b"{}", "application/json"), 415)
    refusal("/v1", send(api, IMPORTS["v1"], form(part(b"{}", media="application/json"))), 415)
    for path in (IMPORTS["v2"], IMPORTS["components"]):
        problem(send(api, path, b"{}", "application/json"), 422)
        problem(send(api, path, form(part(b"{}", media="application/json"))), 422)


@EVERY_IMPORT
@pytest.mark.parametrize(
    ("parts", "files"),
    [([], 0), ([part(b"", 'name="file"; filename=""', "application/octet-stream")], 0), ([part(), part()], 2)],
)
def test_a_form_with_no_file_or_two_is_refused_with_their_number(
    api: Api, path: str, parts: list[bytes], files: int
) -> None:
    assert f"the form has {files} files: send exactly one" in refusal(path, send(api, path, form(*parts)), 422)


@EVERY_IMPORT
def test_a_field_beside_the_file_is_refused_because_options_stand_in_the_query(api: Api, path: str) -> None:
    answer = send(api, path, form(part(b"true", 'name="preview"', None), part()))
    assert refusal(path, answer, 422) == "preview: a form field: send options in the query string"
    assert not api.store.stored.readings


@EVERY_IMPORT
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (form(part()), "multipart/form-data"),
        (form(part()), "multipart/form-data; boundary="),
        (form(part()), "multipart/form-data; boundary=another"),
        (form(part()), "multipart/form-data; boundary=\udcff"),
        (form(part())[:-20], FORM),
        (b"", FORM),
        (CSV, FORM),
        (form(*[part()] * 50), FORM),
        (form(part(head='name="file"; filename="?"').replace(b"?", b"\xff")), FORM),
        (form(CSV), FORM),
    ],
)
def test_what_is_no_form_is_400(api: Api, path: str, body: bytes, content_type: str) -> None:
    assert "multipart/form-data" in refusal(path, send(api, path, body, content_type), 400)


@EVERY_IMPORT
def test_the_limit_is_that_of_the_file_whatever_a_form_puts_around_it(api: Api, path: str) -> None:
    for body, content_type in ((b"x" * FILE_BYTES, "text/csv"), (form(part(b"x" * FILE_BYTES)), FORM)):
        refusal(path, send(api, path, body, content_type), 422)
    for body, content_type in ((b"x" * (FILE_BYTES + 1), "text/plain"), (form(part(b"x" * (FILE_BYTES + 1))), FORM)):
        assert str(FILE_BYTES) in refusal(path, send(api, path, body, content_type), 413)
    refusal(path, send(api, path, form(part(b"x" * (FILE_BYTES + 100_000)))), 413)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.csv", "a.csv"),
        (r"C:\Users\me\Zähler 2023.csv", "Zähler 2023.csv"),
        (r"\\server\share\a.csv", "a.csv"),
        ("/home/me/a.csv", "a.csv"),
        ("../../a.csv", "a.csv"),
        ("a%22b.csv", 'a"b.csv'),
        ("a%0D%0Ab\x00.csv", "ab.csv"),
        ("n" * 1000, "n" * 200),
        ("folder/", None),
        (" ", None),
    ],
)
def test_the_name_of_a_file_is_kept_without_its_path(sent: str, kept: str | None) -> None:
    assert read(form(part(head=f'name="file"; filename="{sent}"'))) == UploadedFile(CSV, kept, "text/csv")


def test_the_name_of_a_file_may_be_encoded_as_programs_do() -> None:
    assert read(form(part(head="name=\"file\"; filename*=utf-8''Z%C3%A4hler.csv"))).name == "Zähler.csv"


@pytest.mark.parametrize("said", ["undefined''a.csv", "idna''a..csv", "punycode''%ff", "a%00b''a.csv"])
def test_a_name_in_an_encoding_that_no_name_has_is_none_and_its_file_counts(said: str) -> None:
    assert read(form(part(head=f'name="file"; filename*={said}'))) == UploadedFile(CSV, None, "text/csv")


def test_a_file_that_is_the_body_has_no_name() -> None:
    assert file_of(CSV, "Text/CSV; charset=utf-8", TYPES) == UploadedFile(CSV, None, "text/csv")


@given(content=st.binary(max_size=300) | st.lists(st.sampled_from([b"\r", b"\n", b"--", DELIMITER])).map(b"".join))
def test_the_bytes_of_a_file_arrive_as_they_are(content: bytes) -> None:
    body = form(part(content))
    if b"\r\n" + DELIMITER not in b"\r\n" + content + b"\r\n":  # what no client would choose as its boundary
        assert read(body).content == content


@settings(max_examples=depth(200, 5000), suppress_health_check=list(HealthCheck))
@given(
    parts=st.lists(
        st.binary(max_size=40)
        | st.sampled_from(
            [DELIMITER, b"--", b"\r\n", b"\r\n\r\n", part(), b"Content-Disposition: form-data; ", b'name="']
        )
    )
)
def test_bytes_of_any_kind_raise_nothing_but_refusals(parts: list[bytes]) -> None:
    try:
        file = read(b"".join(parts))
    except (RequestError, InvalidInputError):
        return
    assert isinstance(file.content, bytes)
