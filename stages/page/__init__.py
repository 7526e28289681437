"""The report as one HTML file that needs no network: pictures, tables, provenance.

- `inputs`, `roles`: what the page needs of the params, and how it is read off them;
- `conclusions`, `contents`: what the scores say, then all that the page says;
- `summary`, `depth`, `headline`: scores -> means, for the page and for DVC;
- `spreadsheet`: tables as CSV;
- `tables`, `data`: the tables of the page, and the study as JSON for the scripts;
- `alerts`, `weights`, `provenance`: what went wrong, is missing, was computed with;
- `findings/`, `plates/`, `charts/`, `comparison/`: the parts of the argument;
- `pictures/`: thumbnails, and the photograph that the page opens with;
- `page`, `assets`, `wording`: all of these in `templates/`, with `styles/` and
  `scripts/`, in words.
"""
