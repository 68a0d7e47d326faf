"""What repositories write is read raw here, and what lies there raw, by literals, is read by them."""
