"""Published results, made again: one study a file."""
