"""Names and values of the rollout: who gets which backend, what was changed, what answered, what differed.

``differences`` says how two answers differ, ``sample_ratio`` whether the groups have the sizes that the flags ask for.
"""
