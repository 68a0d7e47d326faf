"""``make guards``: takes the guards of the code out, one after the other, and each time a test must notice."""
