"""Commands on flags: which components move to the new backend, and for whom."""
