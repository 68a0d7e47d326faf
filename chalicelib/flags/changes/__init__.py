"""Looking at flags and changing them: requests, checks, plans, publishing, history."""
