"""Version 1 of the HTTP API, frozen: bare shapes, ``{"error": ...}``, everything calculated on request.

``tests/integration/versions/goldens/v1`` holds its answers byte for byte; they change with no part of the new backend.
"""
