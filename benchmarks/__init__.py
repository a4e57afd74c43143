"""Speed of cofe_widgets: figures live here, never as timed assertions in the tests."""
