"""Where the study's pictures come from: sources of one kind of candidate.

- `candidate`: what every source offers: pictures by name, each opened in its turn;
- `picture`: what was opened, made upright, RGB, of 8 bits;
- `builtin`, `folder`, `url`, `torchvision_dataset`: a source each;
- `archive`, `download`, `known_hash`, `network`, `deadline`, `torchvision_downloads`:
  what they are made of.

`stages.params.pictures.SOURCES` names those that params may ask for.
"""
