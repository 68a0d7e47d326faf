"""What is watched: one specification of which alarms, dashboard, runbook and the laptop's evaluation are made."""
