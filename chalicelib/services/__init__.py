"""Use cases, one per module. They see the ports of the domain, never MongoDB, AWS or Chalice."""
