"""Write the ECGs that come with the package (``python -m cofe_widgets.simulate.samples``).

Simulated, in WFDB form, 12 leads, 10 s at 500 Hz, 1 uV a step.
"""

from __future__ import annotations

from pathlib import Path

import wfdb

from .simulated import simulate

FOLDER = Path(__file__).parent.parent / "samples"
#: Name of the sample: condition, seed.
SAMPLES = {"sinus": ("NSR", 167), "fibrillation": ("AF", 105), "arrhythmia": ("SA", 111)}


def write(folder: Path = FOLDER) -> None:
    """Write every sample as ``NAME.hea`` and ``NAME.dat`` into ``folder``."""
    folder.mkdir(exist_ok=True)
    for name, (condition, seed) in SAMPLES.items():
        record = simulate(condition, seed=seed)[0].record
        wfdb.wrsamp(
            name,
            fs=record.fs,
            units=["mV"] * 12,
            sig_name=list(record.leads),
            p_signal=record.signal.T.astype(float),
            fmt=["16"] * 12,
            adc_gain=[1000.0] * 12,
            baseline=[0] * 12,
            comments=[f"simulated by cofe_widgets: {condition}, seed {seed}; not a recording"],
            write_dir=str(folder),
        )


if __name__ == "__main__":
    write()
