"""``make guards``: what keeps the display right is taken out, one after the other, and each time a test must notice."""
