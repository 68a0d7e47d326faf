"""The history: people read and write while everything under them flips, and no answer may deny an earlier one."""
