"""One file per family of processes; each declares its recipes in VARIANTS."""
