"""The command line of a stage that takes its orders from params.yaml alone."""

import argparse


def no_arguments(stage: str, about: str | None) -> None:
    """Refuse anything on the command line, and answer `--help`, before work begins.

    `about` is the docstring of the stage's module. Exits with 0 after the help, with 2
    where something else was written.
    """
    argparse.ArgumentParser(
        prog=f"python -m stages.{stage}",
        description=about,
        epilog="There are no arguments: params.yaml says what it does, and `dvc repro` "
        "runs it\nwhere its inputs changed.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
