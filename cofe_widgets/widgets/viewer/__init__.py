"""One ECG on ECG paper."""
