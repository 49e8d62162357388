"""What is said in the morning."""

from taskrush import followed, task


@task
def tell() -> None:
    """Say how the night was."""
    for name, outcome in followed().items():
        print(f"{name} was {outcome.state.value}: {outcome.reason or 'all is well'}")
