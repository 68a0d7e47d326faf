"""Fakes of version 2's ports, in memory. They pass the same contract tests as MongoDB."""
