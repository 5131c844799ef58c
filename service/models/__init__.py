"""Stored model definitions, versioned by content."""
