"""Recording readings, imports and a meter's configuration: everything that writes for a person."""
