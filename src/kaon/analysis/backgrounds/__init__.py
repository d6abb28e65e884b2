"""Backgrounds estimated from data: what each method gives, and how it follows from independent counts."""
