"""The removal of the old backend: the manifest of what goes, and the removal tried in a copy."""
