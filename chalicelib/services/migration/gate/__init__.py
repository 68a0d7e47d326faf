"""The gate's evidence: gathered from everything that is known, and the census that asks for everybody's views."""
