"""Events that functions failed on for good, in SQS: reading them, and what operators do with them (``operated``).

AWS puts them there: ``OnFailure`` in ``infra/resources.yaml``.
"""
