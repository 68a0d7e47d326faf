"""The W3C's trace context: what is taken, what is ignored, and how a person names a trace."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.events.trace import TRACEPARENT, Traceparent, named_trace, read_traceparent, sent_traceparent

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = f"00-{TRACE}-{PARENT}-01"
NONE = {
    "nothing": "",
    "no text": 5,
    "absent": None,
    "capital letters": SENT.upper(),
    "one capital letter": SENT.replace("a", "A", 1),
    "the version that is forbidden": f"ff-{TRACE}-{PARENT}-01",
    "a version of one digit": f"0-{TRACE}-{PARENT}-01",
    "a version that is no number": f"zz-{TRACE}-{PARENT}-01",
    "a trace of zeros": f"00-{'0' * 32}-{PARENT}-01",
    "a parent of zeros": f"00-{TRACE}-{'0' * 16}-01",
    "a trace that is too short": f"00-{TRACE[1:]}-{PARENT}-01",
    "a trace that is too long": f"00-{TRACE}1-{PARENT}-01",
    "a parent that is too short": f"00-{TRACE}-{PARENT[1:]}-01",
    "no flags": f"00-{TRACE}-{PARENT}",
    "flags of one digit": f"00-{TRACE}-{PARENT}-1",
    "flags that are no number": f"00-{TRACE}-{PARENT}-xx",
    "more behind our version": f"{SENT}-more",
    "a dash behind our version": f"{SENT}-",
    "more behind a later version without a dash": f"01-{TRACE}-{PARENT}-01more",
    "a line break behind it": f"{SENT}\n",
    "a blank before it": f" {SENT}",
    "digits of another script": SENT.replace("4", "\u0664", 1),
    "two of them": f"{SENT},{SENT}",
}


@pytest.mark.parametrize("text", NONE.values(), ids=NONE.keys())
def test_what_is_no_traceparent_is_ignored(text: object) -> None:
    assert read_traceparent(text) is None
    assert sent_traceparent(text) is None


@pytest.mark.parametrize(
    ("text", "is_sampled"),
    [
        (SENT, True),
        (f"00-{TRACE}-{PARENT}-00", False),
        (f"00-{TRACE}-{PARENT}-ff", True),
        (f"00-{TRACE}-{PARENT}-02", False),
        (f"01-{TRACE}-{PARENT}-01", True),
        (f"cc-{TRACE}-{PARENT}-01-what the future brings", True),
        (f"fe-{TRACE}-{PARENT}-00-", False),
    ],
)
def test_what_is_one_is_sent_on_as_our_version_writes_it_with_the_only_flag_that_we_know(
    text: str, is_sampled: bool
) -> None:
    assert read_traceparent(text) == Traceparent(TRACE, PARENT, is_sampled)
    assert sent_traceparent(text) == f"00-{TRACE}-{PARENT}-0{int(is_sampled)}"


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_what_we_write_is_read_as_it_was(trace: int, parent: int, is_sampled: bool) -> None:
    made = Traceparent(f"{trace:032x}", f"{parent:016x}", is_sampled)
    assert read_traceparent(str(made)) == made
    assert re.fullmatch(TRACEPARENT, str(made))


@given(st.text() | st.from_regex(r"[0-9a-f-]{50,60}", fullmatch=True))
def test_any_text_is_read_or_ignored(text: str) -> None:
    found = read_traceparent(text)
    assert found is None or found.trace_id in text


@pytest.mark.parametrize("text", [TRACE, SENT, f"  {SENT}\n", TRACE.upper()])
def test_a_person_names_a_trace_by_its_id_or_by_the_whole(text: str) -> None:
    assert named_trace(text) == TRACE


@pytest.mark.parametrize("text", ["", "4bf9", TRACE[1:], f"{TRACE}0", "0" * 32, "x" * 32, f"ff-{TRACE}-{PARENT}-01"])
def test_other_words_name_none(text: str) -> None:
    assert named_trace(text) is None
