"""Is a map worth anything on this model: one check a file."""
