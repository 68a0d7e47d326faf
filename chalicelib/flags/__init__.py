"""Feature flags: names, buckets, the document and its Powertools rules, AppConfig, and changing flags.

Which backend a component gets for a user is decided here. What the backends do with it is no business of this package.
"""
