"""People's ids in what operators see of meters: their pseudonyms, as in log lines."""

from chalicelib.monitoring.people import concerning, hidden


def meter_name(meter_id: str) -> str:
    """A meter by its owner's pseudonym. No log line of this call says the owner's id from now on."""
    user_id, _, kind = meter_id.rpartition("|")
    concerning(user_id)
    return f"{hidden(user_id)}|{kind}"
