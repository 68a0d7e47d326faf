"""How an error looks in version 1: ``{"error": "what was wrong"}``, with the statuses and headers of every version.

``code`` and ``errors`` come beside it where the error has them: of a file the first 100 rows.
"""

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.errors import problem_of

KEPT = ("code", "errors")


def error_answer(error: Exception, path: str) -> Response:
    """The bare answer for an error: the one mapping of errors, in fewer words."""
    problem = problem_of(error, path)
    kept = {name: problem.body[name] for name in KEPT if name in problem.body}
    return json_answer({"error": problem.body["detail"], **kept}, problem.status, problem.headers)
