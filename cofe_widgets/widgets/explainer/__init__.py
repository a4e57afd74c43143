"""The app: a counterfactual under a slider, and what was found about it."""
