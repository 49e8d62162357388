"""From text and decorators to declarations: what users write, checked and placed."""
