"""``make mutants``: makes single random changes of the code and checks whether a test notices."""
