"""Public data sets: one file each, with columns, conventions, checksum, licence and citation."""
