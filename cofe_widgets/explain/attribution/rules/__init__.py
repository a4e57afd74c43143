"""Rules of propagation: what a method puts in the place of the derivative of an operation."""
