"""Feature flags: names, buckets, the document and its Powertools rules, AppConfig, and changing flags.

What the flags say about a person and a component is decided here. Before them the sync mode is asked
(``services.migration.backends``, where a router acts on both).
"""
