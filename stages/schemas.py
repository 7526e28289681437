"""The Parquet tables of the study, column by column, with their units.

A column's unit and meaning stand in its field's metadata, so that a table explains
itself to whoever opens it. Pictures are `struct<bytes, path>`, the convention of the
Hugging Face `Image` feature.
"""

import pyarrow as pa

PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def _column(
    name: str, kind: pa.DataType, meaning: str, unit: str = "", nullable: bool = True
) -> pa.Field:
    metadata = {"meaning": meaning} | ({"unit": unit} if unit else {})
    return pa.field(name, kind, nullable=nullable, metadata=metadata)


def _name(name: str, meaning: str) -> pa.Field:
    return _column(name, pa.string(), meaning, nullable=False)


def _number(name: str, meaning: str, unit: str) -> pa.Field:
    return _column(name, pa.float64(), meaning, unit)


IMAGES = pa.schema(
    [
        _name("image_id", "hash of the decoded pixels"),
        _name("name", "file name or title, as the source gives it"),
        _name("source", "where the picture came from"),
        _name("licence", "terms of the picture, or 'unknown'"),
        _column("width", pa.int32(), "width as stored here", "pixels", False),
        _column("height", pa.int32(), "height as stored here", "pixels", False),
        _column("image", PICTURE, "the picture, upright RGB, as PNG", nullable=False),
    ]
)

CELL = [
    _name("representation", "its name in params.yaml"),
    _name("layer", "layer at which the representation is cut"),
    _name("channels", "name of the channel selection, or 'all'"),
    _column("channel_indices", pa.list_(pa.int32()), "selected channels; null: all"),
    _name("region", "name of the region, or 'all'"),
    _column(
        "window",
        pa.list_(pa.int32()),
        "first row, end row, first column, end column; null: all",
        "cells",
    ),
    _column("tokens", pa.list_(pa.int32()), "selected tokens; null: all, or cells"),
    _name("prior", "its name in params.yaml"),
    _name("solver", "its name in params.yaml"),
]

JOB = [
    _name("image_id", "the image whose code is inverted"),
    _name("image_name", "its name"),
    _column("seed", pa.int64(), "seed of the start; null for a baseline"),
]

OUTCOME = [
    _name("status", "done, diverged, dead-gradient or failed"),
    _name("reason", "why the status is not 'done', or a remark; else empty"),
    _column("steps", pa.int32(), "steps taken", "steps"),
    _number("seconds", "the batch's computing time shared among its jobs", "seconds"),
    _number("data_term", "||Phi(x) - Phi0||^2 / ||Phi0||^2, selected entries", "1"),
    _number("alpha_term", "lambda_alpha * sum |x/s|^alpha", "1"),
    _number("tv_term", "lambda_tv * sum (dx^2 + dy^2)^(beta/2) / s^beta", "1"),
    _number("objective", "sum of the three terms", "1"),
    _number("code_distance", "||Phi(x) - Phi0|| as computed, selected entries", "1"),
]

TRACE = pa.list_(
    pa.struct(
        [
            ("step", pa.int32()),
            ("data_term", pa.float32()),
            ("alpha_term", pa.float32()),
            ("tv_term", pa.float32()),
        ]
    )
)

PREIMAGES = pa.schema(
    [
        _name("key", "hash of all that determines the pre-image"),
        *CELL,
        _number("alpha", "exponent of the alpha-norm", "1"),
        _number("lambda_alpha", "weight of the alpha-norm; 0: none", "1"),
        _number("beta", "exponent of TV^beta", "1"),
        _number("lambda_tv", "weight of TV^beta; 0: none", "1"),
        *JOB,
        *OUTCOME,
        _column("trace", TRACE, "the terms along the way, the final ones last"),
        _name("device", "what computed it"),
        _column("width", pa.int32(), "jobs a batch holds", "jobs"),
        _name("precision", "what all but the last steps computed the network in"),
        _column("image", PICTURE, "the pre-image, 8 bits, as PNG; null if failed"),
    ]
)


def _code_errors(suffix: str, of: str) -> list[pa.Field]:
    return [
        _number(f"relative_error_{suffix}", f"||d|| / ||Phi0||, of {of}", "1"),
        _number(
            f"normalised_error_{suffix}",
            f"||d|| / N, N the mean distance between two pictures' codes, of {of}",
            "1",
        ),
        _number(
            f"squared_normalised_error_{suffix}",
            f"||d||^2 / mean squared distance between two pictures' codes, of {of}",
            "1",
        ),
    ]


def _pixel_errors(suffix: str, of: str) -> list[pa.Field]:
    return [
        _number(f"mse{suffix}", f"mean squared error of {of}", "grey levels squared"),
        _number(f"psnr{suffix}", f"peak signal-to-noise ratio of {of}", "decibels"),
        _number(f"ssim{suffix}", f"structural similarity of {of}; 11 px or more", "1"),
    ]


def _lpips(backbone: str) -> pa.Field:
    meaning = f"LPIPS v0.1, backbone {backbone}, of the stored picture; null without it"
    return _number(f"lpips_{backbone}", meaning, "1")


SCORES = pa.schema(
    [
        _name("kind", "preimage or baseline"),
        _column("key", pa.string(), "the job's key; null for a baseline"),
        _column("baseline", pa.string(), "mean-grey, mean-colour or thumbnail-4x4"),
        *CELL,
        *JOB,
        *OUTCOME,
        *_code_errors("float", "the pre-image as computed"),
        *_code_errors("8bit", "the stored 8-bit picture"),
        _number(
            "mismatched_error_8bit",
            "||Phi(x) - Phi_j|| / ||Phi_j|| of the stored 8-bit picture, Phi_j the "
            "nearest code of another picture; null for a single picture",
            "1",
        ),
        *_pixel_errors("", "the stored picture"),
        *_pixel_errors("_fitted", "its best gain and offset for this original"),
        _number("luma_error", "root-mean-square error of the luma", "grey levels"),
        _number(
            "chroma_error",
            "root-mean-square error of Cb and Cr; null for grey images",
            "grey levels",
        ),
        _column(
            "field",
            pa.list_(pa.int32()),
            "what the selection sees: first row, end row, first column, end column",
            "pixels",
        ),
        _number(
            "inside_energy",
            "energy inside the selection's receptive field, as a share of the start's",
            "1",
        ),
        _number(
            "outside_energy",
            "energy outside the selection's receptive field, as a share of the start's;"
            " null where it sees the whole image",
            "1",
        ),
        *[_lpips(name) for name in ("squeeze", "alex", "vgg")],
        _number(
            "judge_distance",
            "the judge's perceptual distance (not LPIPS: its own weights, none learned "
            "from people)",
            "1",
        ),
        _column(
            "judge_agrees",
            pa.bool_(),
            "whether the judge gives the label that it gives the original",
        ),
        _number(
            "patch_same",
            "mean similarity of the original's patches with those at the same place",
            "1",
        ),
        _number(
            "patch_anywhere",
            "mean similarity of the original's patches with their best match anywhere",
            "1",
        ),
        _number(
            "patch_other",
            "the same as patch_anywhere in another picture of the study: the null",
            "1",
        ),
        _number(
            "patch_displacement",
            "mean distance to the best match, as a share of the image's side",
            "1",
        ),
        _number(
            "diversity",
            "mean root-mean-square distance between the pre-images of the seeds of one "
            "cell and image; null for a single seed",
            "grey levels",
        ),
    ]
)
