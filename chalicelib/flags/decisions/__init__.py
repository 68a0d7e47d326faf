"""Deciding by flags which backend answers: the store of the last good document, its rules, their evaluation."""
