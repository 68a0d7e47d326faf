"""Finds what the manifest names in the text of a file, as a set of line numbers.

A text is compared with a whole line without its indentation; behind ``re:`` it is a regular expression. A text of
several lines means these lines, one after the other.
"""

import re
from collections.abc import Iterator, Sequence

EXPRESSION = "re:"
CLOSERS = (")", "]", "}")
OPENERS = ("(", "[", "{", ":")


def lines_of(text: str, wanted: str) -> set[int]:
    """The numbers (from 0) of every line that is ``wanted``."""
    lines = text.splitlines()
    return {number for start in _starts(lines, wanted) for number in range(start, start + _length(wanted))}


def blocks_of(text: str, wanted: str) -> set[int]:
    """The numbers of the lines of every block that begins with ``wanted``.

    A block has what is indented more deeply behind it, and the bracket that closes it; decorators before it go too.
    """
    lines = text.splitlines()
    found: set[int] = set()
    for start in _starts(lines, wanted):
        found |= {*range(_decorated(lines, start), _end(lines, start + _length(wanted) - 1))}
    return found


def chapters_of(text: str, wanted: str) -> set[int]:
    """The numbers of the lines of every chapter with this heading, up to the next heading that is not below it."""
    lines = text.splitlines()
    found: set[int] = set()
    for start in _starts(lines, wanted):
        level = _level(lines[start])
        behind = (number for number in range(start + 1, len(lines)) if 0 < _level(lines[number]) <= level)
        found |= {*range(start, next(behind, len(lines)))}
    return found


def paragraphs_of(text: str, wanted: str) -> set[int]:
    """The numbers of the lines of every paragraph that has this line: what lies between two blank lines."""
    lines = text.splitlines()
    found: set[int] = set()
    for start in _starts(lines, wanted):
        blank = [number for number, line in enumerate(lines) if not line.strip()]
        first = max((number + 1 for number in blank if number < start), default=0)
        found |= {*range(first, min((number for number in blank if number > start), default=len(lines)))}
    return found


FORMS = {"line": lines_of, "block": blocks_of, "chapter": chapters_of, "paragraph": paragraphs_of}


def without(text: str, numbers: set[int]) -> str:
    """The text without these lines, and without the blank lines behind them where there are such before them too."""
    kept: list[str] = []
    is_gap = False
    for number, line in enumerate(text.splitlines(keepends=True)):
        if number in numbers:
            is_gap = not kept or not kept[-1].strip()
        elif line.strip() or not is_gap:
            kept.append(line)
            is_gap = False
    while is_gap and kept and not kept[-1].strip():
        kept.pop()
    return "".join(kept)


def _starts(lines: Sequence[str], wanted: str) -> Iterator[int]:
    length = _length(wanted)
    for start in range(len(lines) - length + 1):
        if _is(lines[start : start + length], wanted):
            yield start


def _length(wanted: str) -> int:
    return 1 if wanted.startswith(EXPRESSION) else len(wanted.splitlines())


def _is(lines: Sequence[str], wanted: str) -> bool:
    if wanted.startswith(EXPRESSION):
        return re.fullmatch(wanted.removeprefix(EXPRESSION).strip(), lines[0].strip()) is not None
    return all(line.strip() == text.strip() for line, text in zip(lines, wanted.splitlines(), strict=True))


def _decorated(lines: Sequence[str], start: int) -> int:
    """Where the decorators of a block begin; one of several lines ends with its bracket."""
    depth = _indent(lines[start])
    while start and _indent(lines[start - 1]) >= depth and (first := _decorator(lines, start, depth)) is not None:
        start = first
    return start


def _decorator(lines: Sequence[str], start: int, depth: int) -> int | None:
    """The first line of the decorator that ends before ``start``."""
    for number in range(start - 1, -1, -1):
        line = lines[number]
        if not line.strip() or _indent(line) < depth:
            return None
        if _indent(line) == depth:
            if line.lstrip().startswith("@"):
                return number
            if not line.strip().startswith(CLOSERS):
                return None
    return None


def _end(lines: Sequence[str], start: int) -> int:
    """The number behind the last line of a block."""
    depth, number, last = _indent(lines[start]), start + 1, start + 1
    while number < len(lines):
        line = lines[number]
        if not line.strip():
            number += 1
            continue
        if _indent(line) < depth or (_indent(line) == depth and not _closes(lines, last - 1, line)):
            break
        number += 1
        last = number
    return last


def _closes(lines: Sequence[str], before: int, line: str) -> bool:
    """Whether a line of the block's own depth is the bracket that closes what the block has opened."""
    is_open = _indent(lines[before]) > _indent(line) or lines[before].rstrip().endswith(OPENERS)
    return is_open and line.strip().startswith(CLOSERS)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _level(line: str) -> int:
    """Of a heading: how many signs it begins with; 0 for every other line."""
    found = re.match("(#+) ", line)
    return len(found[1]) if found else 0
