"""What the package knows of measurements, diagnoses, segments and edits: one table each."""
