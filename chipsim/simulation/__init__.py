"""What happens when, on the clock."""
