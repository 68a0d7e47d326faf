"""Names that both backends share: who answers, which collections of readings are written, and which part of the page.

``sync_mode`` decides whether a write goes to one backend's collection or to both (dual write).
"""
