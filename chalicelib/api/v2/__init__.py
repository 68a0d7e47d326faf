"""Version 2 of the HTTP API: problem+json errors, stored display documents."""
