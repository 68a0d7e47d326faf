"""The names of version 1's callers, and which calls are our own."""

import pytest

from chalicelib.domain.migration.retirement.callers import UNNAMED, V1Call, V1Caller, client_of, own_calls, withheld_by

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("agent", "site", "token", "client"),
    [
        ("curl/8.1.2", "", "", "curl"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "cross-site", "", "Mozilla"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "same-origin", "", "page"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "same-origin", "meter-reader", "meter-reader"),
        ("Mozilla/5.0", "same-origin", "|", "Mozilla"),
        ("Mozilla/5.0", "same-origin", "Mozilla", "Mozilla"),
        ("curl/8.1.2", "same-origin", "", "curl"),
        ("", "same-origin", "", "unnamed"),
        ("MyMeter-App_2.0+beta/7", "", "", "MyMeter-App_2.0+beta"),
        ("curl/8.1.2", "", "meter-reader", "meter-reader"),
        ("curl/8.1.2", "", "|", "curl"),
        ("", "", "", "unnamed"),
        ("(nothing)", "", "", "unnamed"),
        ("page/1", "", "", "unnamed"),
        ("", "", "Page", "unnamed"),
        ("auth0|Alice-17", "", "", "unnamed"),
        ("alice-17/1.0", "", "", "unnamed"),
        ("a" * 99, "", "", "a" * 40),
    ],
)
def test_a_client_is_called_as_it_says_but_for_who_it_is_about(agent: str, site: str, token: str, client: str) -> None:
    assert client_of(agent, site, token, "auth0|alice-17") == client


LONG = "b7e04c2f-" * 6 + "end"


@pytest.mark.parametrize(
    ("agent", "user"),
    [
        (LONG, LONG),
        (LONG[:45], LONG),
        (f"{LONG[:45]}-and-more", LONG),
        (f"app-{LONG}", LONG),
        (f"{'x' * 60}-{LONG}", LONG),
        ("app.of.alice/2", "auth0|alice-17"),
        ("Alice.Smith", "alice.smith@example.com"),
        ("smith-app/1.0", "alice.smith@example.com"),
        ("al", "alice"),
        ("bob_", "bob"),
    ],
)
def test_no_part_of_an_id_is_in_the_name_of_a_client(agent: str, user: str) -> None:
    assert client_of(agent, "", "", user) == UNNAMED
    assert client_of("curl/8", "", agent, user) == UNNAMED


@pytest.mark.parametrize("user", ["7", "a|b", "google-oauth2|118", "o'hara"])
def test_a_short_part_of_an_id_hides_no_longer_name(user: str) -> None:
    assert client_of("meter-app-17.b/7", "", "", user) == "meter-app-17.b"


def test_the_page_and_components_are_our_own() -> None:
    calls = own_calls({"GET /v1/energy": NOW}, {"dashboard": NOW})
    assert withheld_by(calls) == (
        "our own page or components still call: the page calls GET /v1/energy (last at 2023-11-14T22:13:20Z); "
        "the old backend answers dashboard (last at 2023-11-14T22:13:20Z)"
    )
    assert withheld_by(own_calls({}, {})) is None


def test_calls_are_those_of_all_days() -> None:
    caller = V1Caller(V1Call("0" * 32, "curl", "GET /v1/energy"), NOW, NOW, {"2023-11-14": 2, "2023-11-15": 3})
    assert caller.calls == 5
