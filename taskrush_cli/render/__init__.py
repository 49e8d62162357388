"""What a person sees. Everything comes from records."""
