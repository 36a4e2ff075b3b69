"""From noise to latents, step by step: diffusers' schedulers in numpy. It knows no graph.

registry         scheduler_config.json -> a scheduler
config           the keys of that file: which each class reads, and what they may be
betas            schedules of betas, and the products of alphas
spacing          which of the trained timesteps are taken
sigmas           other ways from the largest noise to the smallest
scheduler        what all schedulers have in common
predictions      what a model's output says of the clean sample and of the noise
thresholding     a clean sample kept in its range
ddim             DDIM
pndm             PNDM: Runge-Kutta, then a linear multistep method
sigma_scheduler  what the schedulers over sigmas have in common
euler            Euler, and Euler with noise of its own (ancestral)
dpm_solver       DPM-Solver++, multistep, with and without noise of its own
lcm              latent consistency models
denoising        the loop over a scheduler's timesteps, with guidance
latents          latents' shapes, and pixels
"""
