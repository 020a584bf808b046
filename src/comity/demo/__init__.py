"""The made-up chain, and the chains that a demonstration can load."""
