"""What array and periphery compute, and the work that takes."""
