"""What every component shares: the browser module, messages, the codec."""
