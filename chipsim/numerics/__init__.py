"""Numbers that come out alike on every machine: kernels, counter-based draws, ordered sums."""
