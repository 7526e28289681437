"""What torch's operations do to spans: a rule for each family of them.

A rule takes the operation's arguments, tensors that depend on the image given as their
`Spans`, and the shape of the result; it returns the spans of the result, None if that
does not depend on the image. Operations are those of torch's `aten` by name, such as
`convolution`, as they are left when composed ones are taken apart.

The rules lie in one file a kind of operation: `entries`, `shapes`, `parts`, `windows`,
`sums`, `products`.
"""

from collections.abc import Callable

from stages.representations.span_rules.entries import Rule, fresh, pointwise
from stages.representations.span_rules.parts import (
    flipped,
    joined_up,
    padded,
    parted,
    selected,
    sliced,
    stacked,
    unbound,
    windowed,
)
from stages.representations.span_rules.products import (
    added_product,
    attended,
    linear,
    multiplied,
)
from stages.representations.span_rules.shapes import (
    mixed,
    permuted,
    repeated,
    reshaped,
    restrided,
    rolled,
    shuffled,
    stretched,
    transposed,
    unshuffled,
)
from stages.representations.span_rules.sums import (
    along,
    batch_normalised,
    group_normalised,
    layer_normalised,
    normed,
    reduced,
)
from stages.representations.span_rules.windows import (
    adapted,
    convolved,
    enlarged,
    max_pooled,
    mean_pooled,
)
from stages.representations.spans import Spans

RULES: dict[str, Rule] = {
    **dict.fromkeys(
        "alias detach clone _to_copy contiguous lift_fresh hardswish hardswish_ "
        "hardtanh hardtanh_ _prelu_kernel prelu native_dropout copy_".split(),
        pointwise,
    ),
    "as_strided_": restrided,
    **dict.fromkeys(("channel_shuffle", "native_channel_shuffle"), mixed),
    **dict.fromkeys("view _unsafe_view reshape unsqueeze squeeze".split(), reshaped),
    **dict.fromkeys(("unsqueeze_", "squeeze_", "_reshape_alias"), reshaped),
    "permute": permuted,
    "t": transposed,
    "transpose": transposed,
    "expand": stretched,
    "slice": sliced,
    "select": selected,
    "flip": flipped,
    "roll": rolled,
    "unfold": windowed,
    "repeat": repeated,
    "constant_pad_nd": padded,
    **{
        f"{kind}_pad{n}d": padded
        for kind in ("reflection", "replication")
        for n in (1, 2, 3)
    },
    "cat": joined_up,
    "stack": stacked,
    "pixel_shuffle": shuffled,
    "pixel_unshuffle": unshuffled,
    "convolution": convolved,
    "max_pool2d_with_indices": max_pooled(2),
    "max_pool3d_with_indices": max_pooled(3),
    "avg_pool1d": mean_pooled(1),
    "avg_pool2d": mean_pooled(2),
    "avg_pool3d": mean_pooled(3),
    "_adaptive_avg_pool2d": adapted(2),
    "_adaptive_avg_pool3d": adapted(3),
    "adaptive_avg_pool1d": adapted(1),
    "adaptive_max_pool2d": adapted(2),
    "upsample_nearest2d": enlarged(0),
    "upsample_bilinear2d": enlarged(1),
    "upsample_bicubic2d": enlarged(2),
    **dict.fromkeys(
        "mean sum amax amin max min var std var_mean std_mean prod logsumexp".split(),
        reduced,
    ),
    **dict.fromkeys(("linalg_vector_norm", "norm"), normed),
    **dict.fromkeys(
        "_softmax _safe_softmax _log_softmax cumsum cumprod".split(), along
    ),
    "native_layer_norm": layer_normalised,
    "native_group_norm": group_normalised,
    "native_batch_norm": batch_normalised,
    "_native_batch_norm_legit_no_training": pointwise,
    **dict.fromkeys(("mm", "bmm"), multiplied),
    **dict.fromkeys(("addmm", "baddbmm"), added_product),
    "linear": linear,
    **dict.fromkeys(
        (
            "_native_multi_head_attention",
            "_transformer_encoder_layer_fwd",
            "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_fused_attention_overrideable",
            "_scaled_dot_product_attention_math_for_mps",
        ),
        attended,
    ),
    **dict.fromkeys(
        "new_zeros new_ones new_empty new_full new_empty_strided zeros_like ones_like "
        "empty_like full_like rand_like randn_like zero_ fill_".split(),
        fresh,
    ),
}

# Operations with several results, whose rules take all shapes.
PARTING: dict[str, Callable[..., list[Spans]]] = {
    **dict.fromkeys("split split_with_sizes split_copy chunk".split(), parted),
    "unbind": unbound,
}
