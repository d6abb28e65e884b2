"""Representations: one file each, from events to the arrays a model reads."""
