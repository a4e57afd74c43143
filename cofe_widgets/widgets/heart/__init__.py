"""A simulated heart under sliders."""
