"""Representations: differentiable maps from images to codes, and parts of a code.

- `representation`: what each of them offers, `Representation`;
- `definition`: what determines one before it is built; `loading`: built, once each;
- `orientation`: gradients and the directions that they vote for;
- `pooling`: votes summed into cells;
- `hog`: HOG, and HOGb with bilinear orientation assignment;
- `dsift`: dense SIFT;
- `caffenet`: the paper's network, of any size; `trained_caffenet`: with its weights;
- `network`: any network, or differentiable function, as a black box; `sketch`: a look
  at it without computing, `network_fields`: what its cells see;
- `points`: where such a network can be read;
- `zoo`: torchvision's models, and the literature's names of their layers;
- `custom`: networks of the user's own;
- `stem`: a network's first convolution, laid out for descending on its images;
- `selection`: channels and a window of cells, by name or number, as a mask;
- `receptive_field`: the pixels that a window of cells can see;
- `follower`, `spans`, `span_rules`: the same of any network, by its operations;
- `chromaticity`: which channels answer to colour, and which to shape;
- `soundness`: whether a code can be inverted, and is the same each time;
- `timm_models`: any model of timm.

`stages.params.representations.KINDS` names those that params may ask for.
"""
