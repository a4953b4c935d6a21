"""One run, many runs, and going on with them."""
