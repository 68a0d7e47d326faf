"""Commands on walks over all meters that the workers of a deployment do."""
