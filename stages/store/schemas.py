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
    _number(
        "tv_term",
        "lambda_tv * sum (dx^2 + dy^2)^(beta/2) / s^beta; beside a denoiser of waves "
        "of `longest_wave` pixels and more",
        "1",
    ),
    _number(
        "denoiser_term",
        "lambda_denoiser * t * e * ||Q (x - D(x + sigma n, sigma))||^2 / s^2, e the "
        "code error, at most 1, Q without waves of `longest_wave` pixels and more, t "
        "the share left at the end, (longest_wave / 100)^2 in 1/5..2/3: how far the "
        "denoiser would move the image: no potential; null without a learned prior",
        "1",
    ),
    _number("objective", "sum of the terms", "1"),
    _number("code_distance", "||Phi(x) - Phi0|| as computed, selected entries", "1"),
]

TRACE = pa.list_(
    pa.struct(
        [
            ("step", pa.int32()),
            ("data_term", pa.float32()),
            ("alpha_term", pa.float32()),
            ("tv_term", pa.float32()),
            ("denoiser_term", pa.float32()),
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
        _number("lambda_denoiser", "weight of the learned prior; null: none", "1"),
        *JOB,
        *OUTCOME,
        _column(
            "trace",
            TRACE,
            "the terms along the way, the final ones last; denoiser_term is to what "
            "the denoiser last said, in the final ones to what it says of the image",
        ),
        _name("device", "what computed it"),
        _column("batch_size", pa.int32(), "jobs a batch holds", "jobs"),
        _name("versions", "of torch and of this project"),
        _name("precision", "what all but the last steps computed the network in"),
        _column("image", PICTURE, "the pre-image, 8 bits, as PNG; null if failed"),
    ]
)

# The scores' columns beside the metrics, which `stages.metrics.schema` adds.
SCORED = [
    _name("kind", "preimage or baseline"),
    _column("key", pa.string(), "the job's key; null for a baseline"),
    _column("baseline", pa.string(), "mean-grey, mean-colour or thumbnail-4x4"),
    *CELL,
    *JOB,
    *OUTCOME,
    _column(
        "field",
        pa.list_(pa.int32()),
        "what the selection sees: first row, end row, first column, end column",
        "pixels",
    ),
]
