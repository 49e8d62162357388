"""From a graph to a plan: what has to run for these targets, in which order."""
