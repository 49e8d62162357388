"""Keeping results: objects by digest, records by key, and outputs put back exactly as they were."""
