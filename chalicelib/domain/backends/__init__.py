"""Names that both backends share: who answers, from which collection of readings, and which part of the page."""
