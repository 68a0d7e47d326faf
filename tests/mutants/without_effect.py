"""The list of changes without any effect, which no test can notice: each with its reason.

A change is named by file, line, the text before and the text instead, as ``python -m tests.mutants`` prints it.
"""

WITHOUT_EFFECT: dict[tuple[str, str, str, str], str] = {}
