"""Events that functions failed on for good, in SQS."""
