"""Which waves a learned prior is heard on: the length that is `auto`.

A cell of a code sees a window of the image. What is longer than the window is told by
how the code differs from cell to cell: the code knows it well, and what a denoiser says
of it is its bias, which shifts light and colours and costs code error. What is shorter
must be told apart inside the cell, by channels that forget where things were: there a
prior is needed. So a denoiser is heard on waves shorter than

    SHARE * (the width of what a cell sees),

at least SHORTEST pixels, as there is no noise to take out of less, and at most that
share of the side. A network whose cells see the whole image has that length at every
layer.
"""

from functools import cache

from stages.plan.representations import outline
from stages.representations.definition import Definition

# Our choice, by trials on fitting photographs without TV, as the length in pixels: code
# error, PSNR and LPIPS vgg. Eight of AlexNet: pool1, whose cells see 19, 10 .075 23.3
# .243, 16 .072 23.6 .238, 32 .075 23.1 .251; relu2 (51) 16 .059 21.6 .319, 25 .058 21.6
# .318; relu3 (99) 8 .097 17.7 .476, 16 .081 18.5 .461, 32 .064 19.1 .436, 50 .066 19.2
# .428, 64 .069 19.2 .432; relu5 (163) 16 .111 14.2 .618, 32 .102 15.6 .572, 64 .099
# 15.6 .553, 82 .098 15.8 .555, 128 .098 15.7 .551; pool5 (195) 32 .102 14.3 .611, 64
# .098 14.7 .590, 128 .101 14.7 .588. Sixteen of the CaffeNet: pool1 (9) 4.5 .057 24.0
# .125, 8 .042 26.2 .090, 32 .055 24.8 .106; relu2 (25) 8 .045 21.7 .180, 12 .045 21.8
# .179, 32 .046 21.6 .184; relu4 (65) 8 .040 16.6 .404, 16 .042 16.5 .395, 32 .039 16.9
# .377, 64 .041 16.6 .379; pool5 (all) 32 .031 15.2 .439, 64 .034 14.6 .437, 128 .038
# 14.2 .445.
SHARE = 0.5
SHORTEST = 8.0


@cache
def longest_wave(defined: Definition, layer: str) -> float:
    """Return the wavelength in pixels below which a denoiser is heard at a layer.

    Once a process: what cells see that cannot be followed is measured by gradients.
    """
    phi = outline(defined)
    sees = phi.geometry(phi.name(layer)).size
    return max(SHARE * min(sees, defined.side), SHORTEST)
