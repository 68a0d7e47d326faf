"""What a command works on: which stack, stage or database, found in one way for every command."""
