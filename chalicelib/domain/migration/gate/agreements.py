"""Zero tolerance: how many equal answers in a row exclude a share of wrong ones, and what a difference does to them.

Where at least the share ``wrong`` of all answers is wrong, n equal ones in a row have a chance of at most
(1 - wrong)^n; n is the first number at which that is no more than ``doubt``. (Hanley and Lippman-Hand, "If Nothing Goes
Wrong, Is Everything All Right?", JAMA 249, 1983; their rule of three is the same for 5 % doubt.)

Anybody may look after each answer: under that share (1 - wrong)^-k after k equal answers, and 0 from the first
difference on, is a martingale that begins at 1, so it ever reaches 1 / doubt with a chance of at most ``doubt``.
(Ville, "Etude critique de la notion de collectif", 1939; Ramdas, Gruenwald, Vovk and Shafer, "Game-Theoretic Statistics
and Safe Anytime-Valid Inference", Statistical Science 38, 2023.)

That holds because a difference is the end of it. Who begins again after each one gets through in the long run: with
twice the share ``wrong`` 61 of 100 codes within 20,000 answers, not one of 400.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, log, log1p

from chalicelib.domain.migration.gate.evidence import CodeEvidence, Limits


def agreements_needed(limits: Limits) -> int:
    """How many equal answers in a row: 299 for 1 % wrong ones at 5 % doubt."""
    return ceil(log(limits.doubt) / log1p(-limits.wrong))


def chance_to_pass(wrong: float, agreements: int) -> float:
    """The probability of ``agreements`` equal answers in a row where the share ``wrong`` of all answers is wrong."""
    return (1.0 - wrong) ** agreements


def chance_to_pass_beginning_again(wrong: float, agreements: int, answers: int) -> float:
    """The probability of such a row somewhere within ``answers``: for a gate that forgets differences.

    A row ends at an answer for the first time where a difference lies before it and no whole row before that. (Feller,
    "An Introduction to Probability Theory and Its Applications" I, XIII.7.)
    """
    ended, row = [0.0] * (answers + 1), chance_to_pass(wrong, agreements)
    for at in range(agreements, answers + 1):
        first = 1.0 if at == agreements else (1.0 - ended[at - agreements - 1]) * wrong
        ended[at] = ended[at - 1] + first * row
    return ended[answers]


def agreed(counted: CodeEvidence) -> CodeEvidence:
    """One more equal answer, of a user, view and source version that was not counted before."""
    return replace(counted, agreements=counted.agreements + 1)


def differed(counted: CodeEvidence, fingerprint: str) -> CodeEvidence:
    """A difference that nobody answers for: none of the equal answers before it says anything any more."""
    return replace(
        counted,
        agreements=0,
        differences=_with(counted.differences, fingerprint),
        unanswered=_with(counted.unanswered, fingerprint),
    )


def answered(counted: CodeEvidence, fingerprint: str) -> CodeEvidence:
    """Somebody has an answer for a difference. Equal answers count from here on, none of those before."""
    return replace(counted, agreements=0, unanswered=tuple(each for each in counted.unanswered if each != fingerprint))


def _with(fingerprints: Sequence[str], fingerprint: str) -> Sequence[str]:
    return tuple(dict.fromkeys((*fingerprints, fingerprint)))
