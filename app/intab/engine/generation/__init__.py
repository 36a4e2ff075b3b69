"""From logits to text.

options            GenerationOptions
option_checks      the range of each
option_rules       what several keep together
generation_config  what a model's files ask for
prefill            a prompt's way in, piece by piece
logits_processors  penalties and bans, before the warpers
sampling           temperature, top_k ...: logits -> token
user_processors    a user's logits processors, made or copied for each sequence
next_token         processors, then the sampler
sequence_state     a sequence: its ids, how the next is chosen, what ends it
decode             tokens -> chunks of text -> the whole
streamer           an answer as it is written
stop_strings       the end of an answer
prompt_lookup      several tokens a step if the text repeats itself
sequences          several sequences side by side, or one by one
batch              several prompts and answers
beam_search        the best whole answers
conversation       what speaks in a chat, what is kept of it, answers as messages
logprobs           log-probabilities
metrics            times and rates
"""
