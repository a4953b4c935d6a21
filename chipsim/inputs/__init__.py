"""From a file on disk to a checked, frozen value."""
