"""Inversion: from a code back to the images that have it."""
