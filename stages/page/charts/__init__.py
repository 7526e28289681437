"""The charts: what they show, how they are drawn, and the script that draws them.

- `chart`: a chart as the page holds it: no drawing library is loaded for it;
- `charts`: all charts of a study, in order;
- `series`, `points`, `tracks`: their tables: by depth, the trade-off, the traces;
- `edge`: what each method buys, at the layers where a study compares several;
- `plotting`: colours, scales and panels that they share;
- `rendering`: SVG, PNG and CSV without a browser, and the script for one.
"""
