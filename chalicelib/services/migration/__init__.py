"""What is there only while two backends run: who answers, whether both say the same, and moving people over."""
