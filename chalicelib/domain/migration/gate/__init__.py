"""The gate: whether a component may go on to more people, by everything that is known about both backends. Pure."""
