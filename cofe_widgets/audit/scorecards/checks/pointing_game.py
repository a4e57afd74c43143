"""The pointing game."""

from __future__ import annotations

from ..formulas import Array, Mask, pointing_game
from ..on_hearts import OnHearts


class PointingGame(OnHearts):
    """Share of simulated hearts in which the strongest sample lies where the condition altered the ECG.

    J. Zhang et al., *Top-Down Neural Attention by Excitation Backprop*, IJCV 2018.
    """

    name, title = "pointing_game", "Pointing game"
    reference = "Zhang et al. 2018, arXiv:1608.00507"
    quick = True

    def formula(self, maps: Array, causes: Mask) -> Array:
        """See `OnHearts`."""
        return pointing_game(maps, causes)


CHECK = PointingGame()
