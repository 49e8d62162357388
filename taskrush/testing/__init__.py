"""A kit for tests of what uses or extends TaskRush: fakes of its seams, and the contracts that real ones must keep."""
