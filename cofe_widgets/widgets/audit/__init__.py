"""Audits of many records as widgets: live, with progress, and each record a click away."""
