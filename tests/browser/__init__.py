"""The page in a real Chromium: the application on fakes behind a light server, the issuer of a laptop stack beside it.

``python -m tests.browser`` serves the same for a person to look at.
"""
