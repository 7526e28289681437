"""How good pre-images are: numbers from tensors, each a row of one table.

The words, which import no tensors:

- `table`: every metric, a row each: name, unit, range, meaning, function;
- `metric`: what such a row holds;
- `schema`: the table of scores that follows from it.

The metrics, pure functions, a file each:

- `code`: distances between codes, and the errors made of them;
- `pixel`, `ssim`: errors between images, as they are and after the best fit;
- `colour`: errors of luma and of chroma;
- `energy`: what is left inside and outside a receptive field;
- `judged`: the perceptual distance of a judge, and whether labels agree;
- `labels`: the rank of the original's label;
- `patches`: whether parts are kept, and whether they are in their places;
- `perceptual`: LPIPS, the published metric;
- `diversity`: how far apart the pre-images of several seeds are;
- `baselines`: images that know next to nothing of the code, the floor of every error.

What they are given:

- `judge`, `judges`: the networks that measure pre-images and are never inverted;
- `measured`: a batch of pre-images with all they are held to, from tensors;
- `reference`: the same from the study's files;
- `measures`: the metrics of such a batch.

How a whole study is scored:

- `chunks`: its pre-images cut into pieces that stand by themselves;
- `scoring`: the rows of such a piece, wherever it is scored;
- `scoring_task`: pieces scored by the workers of a cluster.
"""
