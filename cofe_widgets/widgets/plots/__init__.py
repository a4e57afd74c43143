"""bqplot figures beside the ECG: for notebooks, where people add to them what they like."""
