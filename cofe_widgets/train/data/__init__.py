"""What recipes learn from: collections of real records and simulated hearts."""
