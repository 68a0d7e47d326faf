"""``python -m infra mode | sync``: where writes go, and carrying over what another application wrote."""
