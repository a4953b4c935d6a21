"""How one kind of memory cell changes and reads."""
