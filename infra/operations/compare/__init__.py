"""Both backends asked the same question, as commands."""
