"""Torch blocks shared by several models."""
