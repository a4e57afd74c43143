"""What an ECG says in numbers: R-peaks, the median beat with its waves, named measurements."""

from cofe_widgets.signals.rpeaks import r_peaks

__all__ = ["r_peaks"]
