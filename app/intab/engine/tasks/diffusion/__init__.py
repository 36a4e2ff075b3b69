"""Pictures out of noise: text-to-image and image-to-image, over folders in diffusers' layout.

task          the two tasks: what they need, and how they are opened and tried
files         what a folder's files say: sizes, the scheduler, the VAE's scale
prompts       texts as ids, cut as diffusers cuts them
held          the graphs, all at once or one after the other
networks      the text encoder, the UNet and the VAE as functions of arrays
options       a call's options, by diffusers' names
pipeline      what a user calls: prompts -> latents -> pictures
starting      where a call begins: noise, or a picture made noisy
previews      what latents would look like, without the VAE
output        the pictures of a call
"""
