"""What each component of the page reads and writes, and the backend that answers it."""
