"""What a caller of version 1 is called, and what of the calls is our own."""

import pytest

from chalicelib.domain.retirement.callers import V1Call, V1Caller, client_of, own_calls, withheld_by

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("agent", "site", "token", "client"),
    [
        ("curl/8.1.2", "", "", "curl"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "cross-site", "", "Mozilla"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "same-origin", "", "page"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "same-origin", "meter-reader", "meter-reader"),
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


def test_the_page_and_components_are_our_own() -> None:
    calls = own_calls({"GET /v1/energy": NOW}, {"dashboard": NOW})
    assert withheld_by(calls) == (
        "of our own there still call: the page calls GET /v1/energy (last at 2023-11-14T22:13:20Z); "
        "the old backend answers dashboard (last at 2023-11-14T22:13:20Z)"
    )
    assert withheld_by(own_calls({}, {})) is None


def test_calls_are_those_of_all_days() -> None:
    caller = V1Caller(V1Call("0" * 32, "curl", "GET /v1/energy"), NOW, NOW, {"2023-11-14": 2, "2023-11-15": 3})
    assert caller.calls == 5
