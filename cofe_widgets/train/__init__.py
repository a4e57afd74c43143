"""Recipes that trained what ships; nothing imports this room but the command line."""
