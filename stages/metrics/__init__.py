"""How good pre-images are: numbers from tensors, and nothing read or written.

- `code`: distances between codes, and the three errors made of them;
- `pixel`: errors between images, as they are and after the best gain and offset;
- `colour`: errors of luma and of chroma;
- `energy`: what is left inside and outside a receptive field;
- `judge`: the network that measures pre-images and is never inverted;
- `judged`: its perceptual distance, and whether labels agree;
- `patches`: whether parts are kept, and whether they are in their places;
- `perceptual`: LPIPS, the published metric;
- `diversity`: how far apart the pre-images of several seeds are;
- `baselines`: images that know next to nothing of the code, the floor of every error;
- `measures`: code and pixel errors of a batch, named as the columns of the scores.
"""
