"""Changes that no test can notice, because nobody could: each with its reason.

A change is named by file, line, what stood there and what came instead, as ``python -m tests.mutants`` prints it.
"""

WITHOUT_EFFECT: dict[tuple[str, str, str, str], str] = {}
