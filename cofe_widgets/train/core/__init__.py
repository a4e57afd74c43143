"""What every recipe shares: the loop, checkpoints, several processes, metrics."""
