"""Fakes of the outside world: they pass the same contract tests as the real adapters."""
