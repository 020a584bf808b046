"""Measurements, side by side with what they are measured against. No test asserts any of them."""
