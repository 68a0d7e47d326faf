"""What lies outside, in memory: the data of version 2. It passes the same contract tests as MongoDB."""
