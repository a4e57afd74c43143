"""What an ECG could become: records in the generator's latent space, and edits that keep the patient."""

from .directions import Directions, directions
from .inversion import reconstruct
from .prior import sample

__all__ = ["Directions", "directions", "reconstruct", "sample"]
