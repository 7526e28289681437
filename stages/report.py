"""Report the study: one page to read, figures to cut out, and numbers for tools.

    data/images, data/targets, data/preimages, data/scores.parquet, params.yaml
        -> reports/index.html, pictures/, figures/, plots/, metrics/, *.json

With `--against`, a page of its own, reports/against.html, also tells what changed since
another study, whose scores are a file or those of a Git revision. It is no output of
the stage: DVC finds nothing changed after it.

The same inputs give the same bytes: no clock is read. The provenance alone knows more:
Git's commit, and how long each stage took when it last ran, where those are known. The
page is written as its pictures are read: memory does not grow with their number.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pandas as pd

from stages.page import contents, summary
from stages.page.conclusions import Conclusions, conclusions
from stages.page.fitting import Fitted, fitted
from stages.page.headline import headline
from stages.page.inputs import ReportInputs
from stages.page.page import Page, pieces
from stages.page.pictures import thumbnails
from stages.page.plates.files import write_figures
from stages.page.roles import report_inputs
from stages.page.sample import n_jobs
from stages.page.scores import read_scores
from stages.page.spreadsheet import csv
from stages.plan.sections import report_stage
from stages.process.stage import run, say
from stages.store import files, paths

PICTURES = paths.REPORT.parent / "pictures"
# The page of two studies, and its pictures.
AGAINST = paths.REPORT.parent / "against.html"
AGAINST_PICTURES = paths.REPORT.parent / "against-pictures"


def write_page(
    scores: pd.DataFrame,
    known: Conclusions,
    inputs: ReportInputs,
    path: Path = paths.REPORT,
    folder: Path = PICTURES,
) -> Page:
    """Write the page, and pictures that do not fit beside it; return the page."""
    with tempfile.TemporaryFile() as file:
        spool = thumbnails.Spool(file, thumbnails.side_for(n_jobs(scores)))
        page, told = contents.page(scores, known, spool, inputs)
        whole = fitted(page, told, spool.entries, inputs.pictures, folder.name)
        chunks = thumbnails.chunks(spool, whole.entries, whole.inside, folder.name)
        _write_pieces(path, pieces(whole.page, chunks))
        _write_folder(folder, spool, whole)
    return whole.page


def _write_pieces(path: Path, texts: Iterable[str]) -> None:
    with files.replacing(path) as temporary, temporary.open("wb") as out:
        for text in texts:
            out.write(text.encode())


def _write_folder(folder: Path, spool: thumbnails.Spool, whole: Fitted) -> None:
    """Write the thumbnails that are not inside; the folder is there in any case."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    inside = {entry.name for entry in whole.inside}
    for entry in whole.entries:
        if entry.name not in inside:
            path = folder / thumbnails.file_name(entry)
            path.write_bytes(spool.picture(entry))


def write_numbers(scores: pd.DataFrame, known: Conclusions) -> None:
    """Write what `dvc metrics` and `dvc plots` show."""
    shutil.rmtree(paths.METRICS, ignore_errors=True)
    for word, line in headline(scores, known.layers, known.findings).items():
        files.write_plain_json(paths.METRICS / f"{word}.json", line)
    files.write_plain_json(paths.METRICS_BY_CELL, summary.metrics(scores))
    numbers = {one.name: one.numbers() for one in known.findings}
    files.write_plain_json(paths.FINDINGS, numbers)
    shutil.rmtree(paths.PLOTS, ignore_errors=True)
    for name, rows in known.by_depth.groupby("representation", sort=False):
        _write_csv(f"error_by_depth/{name}", rows)
    _write_csv("traces", known.traces)
    # What draws them: `.dvc/plots.html` takes it from here, without a network.
    from stages.page.charts.rendering import bundle

    files.write_text(paths.PLOTS / "vega.js", bundle())


def _write_csv(name: str, table: pd.DataFrame) -> None:
    files.write_text(paths.PLOTS / f"{name}.csv", csv(table))


def main(against: str = "") -> None:
    """Report the study, perhaps against the scores of another one of this name."""
    params = report_stage()
    inputs = report_inputs(params.report, params.representations, params.grid)
    scores = read_scores(paths.SCORES)
    known = conclusions(scores, inputs, against)
    if against:
        write_page(scores, known, inputs, AGAINST, AGAINST_PICTURES)
        return say(f"the comparison is in {AGAINST}")
    whole = write_page(scores, known, inputs)
    write_numbers(scores, known)
    shutil.rmtree(paths.FIGURES, ignore_errors=True)
    write_figures(whole.plates, known.drawings, whole.views)
    say(f"the report is in {paths.REPORT}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m stages.report",
        description="Write the report of the study in this folder: reports/index.html.",
    )
    parser.add_argument(
        "--against",
        metavar="SCORES",
        default="",
        help="tell what changed since another study: a copy of its "
        "data/scores.parquet, or a Git revision whose scores are in DVC's cache; the "
        f"page is {AGAINST}",
    )
    run(partial(main, parser.parse_args().against))
