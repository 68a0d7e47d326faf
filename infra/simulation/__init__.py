"""The migration simulated: weeks of people, faults and operators on a virtual clock, over the real services."""
