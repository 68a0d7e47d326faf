"""Commands that compare the backends' answers."""
