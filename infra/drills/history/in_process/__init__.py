"""A history on this machine alone: the functions as processes, without gateway, bus and AppConfig."""
