"""Columns of whole events: one set a file, found by name."""
