"""Every claim that the report tests, a row each, in the order in which to read them.

Sources stand with the functions: mostly Mahendran and Vedaldi, arXiv:1412.0035.
"""

from stages.page.findings.claim import Claim
from stages.page.findings.depth import early_layers, several_seeds
from stages.page.findings.descriptors import hog_is_worst
from stages.page.findings.places import parts_not_places, receptive_field
from stages.page.findings.streams import streams
from stages.page.findings.weights import own_code, trained_weights

CLAIMS = (
    Claim(
        name="early-layers",
        label="early layers",
        text="Early layers keep the photograph: their pre-images are close to it pixel "
        "by pixel, and less so with depth.",
        test=early_layers,
        needs="a representation inverted at two layers or more",
        holds_if="the PSNR at the shallowest layer is above the null and falls with "
        "depth",
        null="the best picture that knows next to nothing, as a rule a thumbnail of "
        "4 x 4 pixels",
        unit="dB",
        decimals=1,
        chart="quality-by-depth",
    ),
    Claim(
        name="parts-not-places",
        label="parts, not places",
        text="Deep layers keep the parts but not their places: patches of the "
        "photograph are in the pre-image, elsewhere.",
        test=parts_not_places,
        needs="a representation of several layers, inverted before its fully "
        "connected ones, and patches of two pictures or more",
        holds_if="the best match anywhere is more than 0.05 above both the null and "
        "the match in the patch's own place",
        null="the best match of the same patch in another picture",
        unit="similarity",
        decimals=2,
        chart="quality-by-depth",
    ),
    Claim(
        name="seeds",
        label="deep layers leave open",
        text="Deep layers leave much open: several starts give different pre-images, "
        "more so with depth.",
        test=several_seeds,
        needs="a representation inverted from several seeds at two layers or more",
        holds_if="the deepest layer's are further apart than the null by a tenth of "
        "it or more, and more so with depth",
        null="how far apart the seeds are at the shallowest layer",
        unit="grey levels",
        decimals=1,
        chart="diversity-by-depth",
    ),
    Claim(
        name="receptive-field",
        label="receptive field",
        text="Outside the receptive field a pre-image goes blank, and only with a "
        "prior.",
        test=receptive_field,
        needs="a selection that sees a part of the image, inverted with a prior and "
        "with the prior none",
        holds_if="at most 10 % is left with the prior, and at least 50 % without",
        null="the same without a prior",
        unit="% of the start's energy",
        decimals=1,
        times=100,
    ),
    Claim(
        name="streams",
        label="two streams",
        text="The two streams of channels split the picture: one keeps colour, the "
        "other shape.",
        test=streams,
        needs="both halves of some layer's channels",
        holds_if="the one half is nearer in colour, the other in shape, and both "
        "together by more than the null",
        null="the split between halves of the channels drawn at random",
        unit="grey levels",
        decimals=1,
    ),
    Claim(
        name="trained-weights",
        label="training decides",
        text="Training decides what survives: to a judge, pre-images of a trained "
        "network are nearer to the photograph than those of the same network with "
        "random weights.",
        test=trained_weights,
        needs="a trained network and the same with random weights, at a layer in "
        "common",
        holds_if="the trained network's distance is below the null",
        null="the same network with random weights",
        unit="judge's distance",
        decimals=2,
        chart="quality-by-depth",
    ),
    Claim(
        name="descriptors",
        label="HOG hardest",
        text="Of the classical descriptors, HOG is the hardest to invert: harder than "
        "HOG with bilinear assignment (HOGb) and than dense SIFT.",
        test=hog_is_worst,
        needs="HOG and HOGb or DSIFT, inverted for two pictures or more",
        holds_if="HOG's error is above the null, and its PSNR after a fitted gain "
        "below theirs",
        null="the worse of the other descriptors",
        unit="% squared normalised error",
        decimals=1,
        times=100,
    ),
    Claim(
        name="own-code",
        label="own code",
        text="A pre-image has the code of its own photograph: it is nearer to it than "
        "to any other picture's.",
        test=own_code,
        needs="the codes of two pictures or more",
        holds_if="the mean error is below the null",
        null="the distance to the nearest code of another picture",
        unit="%",
        decimals=1,
        times=100,
        chart="error-by-depth",
    ),
)
