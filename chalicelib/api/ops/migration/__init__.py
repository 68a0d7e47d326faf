"""What operators look at and change while two backends run."""
