"""What may ring: one specification, from which alarms, dashboard, runbook and the laptop's evaluation are made."""
