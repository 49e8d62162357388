"""Places where actions execute."""
