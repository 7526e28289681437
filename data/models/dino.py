"""A vision transformer of timm as a network of one's own: DINO's ViT-S/16.

    representations:
      dino:
        {kind: custom, callable: "dino:vit_small", weights: dino.safetensors,
         mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375]}

Caron et al., "Emerging Properties in Self-Supervised Vision Transformers" (2021). Its
weights are a file of one's own: nothing is downloaded here.
"""

import timm
from torch import nn


def vit_small(side: int = 224) -> nn.Module:
    """Return the network without a classifier, for images of this side."""
    name = "vit_small_patch16_224.dino"
    return timm.create_model(name, pretrained=False, num_classes=0, img_size=side)
