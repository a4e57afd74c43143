"""Which layers of the generator draw what: each group takes over the styles of an ill twin.

Simulated hearts with and without a condition, on the same beats, are encoded. The healthy one is drawn
again with the styles of its ill twin in one group of layers: the share of the whole change that this
group makes. ``python -m benchmarks layers``; needs no recording.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import torch

import cofe_widgets as cw
from cofe_widgets.generative.inversion import invert
from cofe_widgets.generative.latent_edit import LAYER_GROUPS
from cofe_widgets.generative.networks import networks

HEARTS, SEED = 24, 31
#: Conditions that change one thing, or little else.
CHANGED = {
    "T amplitude": {"condition": "HYPERK", "potassium": 6.2},
    "ST segment": {"condition": "STEMI_A"},
    "QRS duration": {"condition": "LBBB"},
    "QRS end": {"condition": "RBBB"},
    "QRS amplitude": {"condition": "LQRSV"},
    "PR interval": {"condition": "IAVB"},
    "QT interval": {"condition": "LQT"},
}


@torch.no_grad()
def shares(condition: str, hearts: int = HEARTS, **options: float) -> dict[str, float]:
    """Median share of the drawn change that each group of layers makes."""
    ill = cw.simulate(condition, hearts, SEED, **options)
    well = invert([one.twin("NSR").record for one in ill]).latent
    sick = invert([one.record for one in ill]).latent
    generator = networks().generator
    before = generator(well)
    whole = (generator(replace(well, styles=sick.styles)) - before).flatten(1)
    out = {}
    for name, span in LAYER_GROUPS.items():
        styles = well.styles.clone()
        styles[:, span] = sick.styles[:, span]
        part = (generator(replace(well, styles=styles)) - before).flatten(1)
        share = (part * whole).sum(dim=1) / whole.square().sum(dim=1)
        out[name] = float(share.median())
    return out


def main() -> None:
    """Print a row a change."""
    table = pd.DataFrame({what: shares(**asked) for what, asked in CHANGED.items()}).T  # type: ignore[arg-type]
    print(f"\nwhich layers draw what: {HEARTS} simulated hearts and their ill twins, medians")
    print((100 * table).round(0).astype(int).to_string() + "\n(% of the change of all styles)")


if __name__ == "__main__":
    main()
