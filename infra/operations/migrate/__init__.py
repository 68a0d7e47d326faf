"""Commands on migrations: bringing a database to the shape that the application expects, and back."""
