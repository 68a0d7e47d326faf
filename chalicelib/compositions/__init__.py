"""The parts of the composition root that a shell uses too. Each imports only what it composes."""
