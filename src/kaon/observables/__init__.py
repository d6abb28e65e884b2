"""What one computes from the objects of a whole event: pure functions on arrays, each with its paper."""
