#!/usr/bin/env bash
# diffusers 0.42.1: with timestep_spacing="trailing", 61 steps of 1000 are 62, and the last timestep is -1.
# np.arange(1000, 0, -1000 / 61) has one number more than 61, since 61 * (1000 / 61) is a little below 1000;
# 103, 121 and 122 steps are the same, in DDIM, DDPM, Euler, DPM-Solver++ and UniPC alike. A UNet is then asked
# for a time that it never saw, and alphas_cumprod[-1] is that of the noisiest step: the finished picture is taken
# for noise, and what is guessed to be clean in it is 15 times as bright.
# In intab: app/intab/engine/diffusion/spacing.py leaves the step out.
#
# Needs Python 3.11 or newer and pip (torch: some GB). Passes while it is so, fails when it changes.
# Seen on 2026-11-30 (x86-64 Linux):
#   60 steps: 60 timesteps, the last is 16, a picture of 0.5 comes out as 0.50
#   61 steps: 62 timesteps, the last is -1, a picture of 0.5 comes out as 7.32
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch==2.15.0 diffusers==0.42.1

cat > run.py <<'PY'
import torch
from diffusers import (
    DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, UniPCMultistepScheduler,
)

TRAINED = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
OTHERS = (DDPMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, UniPCMultistepScheduler)


def timesteps(kind, steps):
    scheduler = kind(timestep_spacing="trailing", **TRAINED)
    scheduler.set_timesteps(steps)
    return scheduler.timesteps.tolist()


def made(steps):
    """What comes of a picture of 0.5 with a model that knows its noise, and finds none in it at time -1."""
    scheduler = DDIMScheduler(timestep_spacing="trailing", clip_sample=False, **TRAINED)
    scheduler.set_timesteps(steps)
    picture = torch.full((1, 4, 8, 8), 0.5)
    sample = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    for step in scheduler.timesteps:
        alpha = scheduler.alphas_cumprod[step]
        noise = (sample - alpha**0.5 * picture) / (1 - alpha) ** 0.5
        sample = scheduler.step(noise * (step >= 0), step, sample).prev_sample
    return sample.mean().item()


found = {}
for steps in (60, 61):
    times, mean = timesteps(DDIMScheduler, steps), made(steps)
    found[steps] = (len(times), times[-1], round(mean, 2))
    print(f"{steps} steps: {len(times)} timesteps, the last is {times[-1]}, a picture of 0.5 comes out as {mean:.2f}")
same = all(timesteps(kind, steps)[-1] == -1 for kind in OTHERS for steps in (61, 103, 121, 122))
so = same and found[61][:2] == (62, -1) and found[61][2] > 5 and found[60] == (60, 16, 0.5)
print("As told." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
venv/bin/python run.py
