"""``python -m infra retire``: the end of the old backend."""
