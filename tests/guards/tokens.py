"""The guards of remembered tokens."""

from tests.guards.guard import Guard

AUTH = "chalicelib/auth.py"
REMEMBERED = "tests/unit/test_remembered_tokens.py::"

TOKENS = (
    Guard(
        "a remembered token proves nothing once it has expired, nor before it was checked",
        AUTH,
        "not proof.since <= time.time() < proof.until",
        "False",
        (
            f"{REMEMBERED}test_a_remembered_token_is_refused_once_it_has_expired",
            f"{REMEMBERED}test_a_clock_that_was_set_back_is_asked_again_whether_a_token_is_valid_yet",
        ),
    ),
    Guard(
        "a remembered token counts for the key by which it was checked",
        AUTH,
        "if self._keys.key(proof.kid) is proof.key:",
        "if self._keys.key(proof.kid):",
        (f"{REMEMBERED}test_a_remembered_token_is_refused_once_another_key_has_its_id",),
    ),
    Guard(
        "a remembered token asks whether its key is still published",
        AUTH,
        "self._keys.key(proof.kid) is proof.key:",
        "proof.key:",
        (f"{REMEMBERED}test_a_remembered_token_is_refused_once_its_key_is_withdrawn",),
    ),
    Guard(
        "the memory of tokens is bounded",
        AUTH,
        "        if len(self._proofs) >= REMEMBERED_TOKENS:",
        "        if False:",
        (f"{REMEMBERED}test_a_limited_number_is_remembered_and_the_text_of_none",),
    ),
)
