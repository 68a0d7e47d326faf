"""The removal of the old backend's code: the manifest of what is deleted, and the removal tried in a copy."""
