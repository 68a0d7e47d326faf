"""Single changes of the code, picked by chance: does a test notice?"""
