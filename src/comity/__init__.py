"""Comity joins up what justice agencies hold, and lets a part of it out only under a signed agreement, with proof."""
