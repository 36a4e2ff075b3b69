#!/usr/bin/env bash
# diffusers 0.42.1: StableDiffusionImg2ImgPipeline with several prompts, as many pictures, and
# num_images_per_prompt above 1 changes pictures by the wrong prompts. Prompts are repeated one by one
# (a, a, b, b), the pictures' latents all in turn (black, white, black, white), so that the second result of
# prompt a begins with the picture that was given for b. A FutureWarning says that pictures are duplicated.
# In intab: app/intab/engine/tasks/diffusion/starting.py repeats both one by one.
#
# Needs Python 3.11 or newer and pip. Passes while it is so, fails when it changes.
# Seen on 2026-11-29 (x86-64 Linux):
#   prompts [a, b], pictures [black, white], 2 each: begun with ['black', 'white', 'black', 'white']
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch==2.15.0 transformers==5.24.0 diffusers==0.42.1 pillow

cat > run.py <<'PY'
import diffusers
import torch
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

diffusers.utils.logging.set_verbosity_error()
torch.manual_seed(0)
sizes = {"block_out_channels": (8, 8), "norm_num_groups": 4, "layers_per_block": 1}
unet = diffusers.UNet2DConditionModel(
    sample_size=8, cross_attention_dim=8, attention_head_dim=4,
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **sizes,
)
vae = diffusers.AutoencoderKL(
    down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, **sizes
)
words = {"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2, "b</w>": 3}
text = CLIPTextConfig(
    vocab_size=4, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
    max_position_embeddings=8, bos_token_id=0, eos_token_id=1, pad_token_id=1,
)
pipe = diffusers.StableDiffusionImg2ImgPipeline(
    vae=vae, text_encoder=CLIPTextModel(text), unet=unet, safety_checker=None, feature_extractor=None,
    tokenizer=CLIPTokenizer(words, [], model_max_length=8), requires_safety_checker=False,
    scheduler=diffusers.DDIMScheduler(steps_offset=1, clip_sample=False),
)
pipe.set_progress_bar_config(disable=True)
black, white = (Image.new("RGB", (16, 16), colour) for colour in ("black", "white"))


def latents(prompts, pictures, count):
    """After the smallest change that there is, the last of 1000 steps."""
    return pipe(
        prompts, pictures, strength=0.001, num_inference_steps=1000, num_images_per_prompt=count,
        guidance_scale=1, output_type="latent", generator=torch.Generator().manual_seed(1),
    ).images


known = {"black": latents("a", black, 1)[0], "white": latents("a", white, 1)[0]}
found = latents(["a", "b"], [black, white], 2)
begun = [min(known, key=lambda name: float((one - known[name]).abs().mean())) for one in found]
print(f"prompts [a, b], pictures [black, white], 2 each: begun with {begun}")
so = begun == ["black", "white", "black", "white"]
print("As told: the second result of a begins with b's picture." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
venv/bin/python run.py
