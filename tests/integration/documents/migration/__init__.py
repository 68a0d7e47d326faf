"""The same of what the migration alone keeps."""
