"""One recipe a file: `cofe-widgets train NAME`."""
