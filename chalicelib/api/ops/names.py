"""Shared parts of operators' answers: "there is no such thing", and meters named by their owners' pseudonyms."""

from http import HTTPStatus

from chalicelib.monitoring.people import concerning, hidden

# All that a change of flags waits for. What was changed is written down behind that, within the 22 s that a request has
# for all that it asks of the database (``bootstrap.operations``).
CHANGE_SECONDS = 20.0
NOT_THERE = (HTTPStatus.NOT_FOUND,)  # what a route may refuse that is asked for something by its name


def meter_name(meter_id: str) -> str:
    """A meter by its owner's pseudonym. No log line of this call says the owner's id from now on."""
    user_id, _, kind = meter_id.rpartition("|")
    concerning(user_id)
    return f"{hidden(user_id)}|{kind}"
