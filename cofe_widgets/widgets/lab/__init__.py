"""An ECG under sliders."""
