"""What people bring and take along as files: CSV and JSON, read and written, and what an import would change."""
