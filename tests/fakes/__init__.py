"""Stand-ins for what lies outside: they pass the same contract tests as the real adapters."""
