"""What may ring: the rules (``rules``, ``migration``), and what is made of them: alarms, dashboard, runbook."""
