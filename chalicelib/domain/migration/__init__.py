"""What is there only while two backends run: rules and values of the move from the old one to the new. Pure."""
