"""From declarations to a graph: expand, link, select."""
