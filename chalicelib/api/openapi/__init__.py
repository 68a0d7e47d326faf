"""The OpenAPI documents: what routes declare, as schemas and operations."""
