"""One recipe a file, and a line for it here: `cofe-widgets train NAME`.

A recipe's module has ``parse(argv)``, which makes its options of the words of a command line,
``steps(options)``, the work as a generator of `cofe_widgets.steps.Step` (``partial``: the newest row
of the log; ``result``: the path of weights that are ready), and ``main(argv)``, both on a terminal.
"""

from __future__ import annotations

from typing import NamedTuple


class Recipe(NamedTuple):
    """A module of this folder, and what it trains in a line."""

    module: str
    help: str


#: Name on the command line -> recipe. Listed here so that help costs no import of torch.
RECIPES = {
    "af": Recipe("af", "atrial fibrillation or sinus rhythm, 12 leads"),
    "generator": Recipe(
        "generator", "the generator of 12-lead ECGs that counterfactuals are drawn by"
    ),
    "encoder": Recipe("encoder", "the encoder of ECGs into the generator's latent"),
    "delineator": Recipe("delineator", "P, QRS and T waves: 24 segments in every lead"),
    "potassium": Recipe("potassium", "serum potassium from the ECG"),
    "multilabel": Recipe("multilabel", "nine diagnoses at once, 12 leads"),
    "ptbxl": Recipe("ptbxl", "PTB-XL's statements, at one of four levels, by 2.5 s"),
    "amplitudes": Recipe("amplitudes", "the amplitude of P, R or T in 12 leads, by 2.5 s"),
    "median-beat-bank": Recipe(
        "median_beat_bank", "binary models of median beats, by diagnosis and seed"
    ),
    "af-single-lead": Recipe("af_single_lead", "sinus rhythm, AF, another rhythm or noise, lead I"),
}
#: Names that a recipe once had -> the name it has.
ALIASES = {"nine": "multilabel"}
