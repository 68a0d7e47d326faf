"""The old and the new backend behind one Protocol, and the router that picks one."""
