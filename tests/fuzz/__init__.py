"""Mutated files: every reader and every kind of saved value gives an answer or says why not.

``python -m tests.fuzz`` (or ``make fuzz``) tries 10 000 mutations a reader and 3000 a kind of value, and
prints what came of them; ``test_fuzz.py`` a few hundred.
"""
