"""Values in words, figures and pages; knows no widget."""
