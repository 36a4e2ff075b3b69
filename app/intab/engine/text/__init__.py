"""Text to ids and back, prompts, chat templates.

tokenizer           the reference library
stream_decoder      text from ids that still come
tokenizer_classes   what transformers' tokenizer classes bring
tokenizer_pieces    the pieces they are made of
special_tokens      tokens that the files beside tokenizer.json declare
vocabulary          a vocabulary of words as tokenizer.json, where there is none
clip                CLIP's tokenizer as tokenizer.json, where there is none
vits                texts as the characters that VITS speaks
assets              all that a model folder's text files say
prompts             what may be a prompt: text, messages, ids
truncation          a prompt that is longer than the context
chat_template       messages -> prompt
tool_schema         a function as a tool
plain_values        a caller's values as plain JSON types

A chat template is untrusted code: it runs in Jinja's sandbox, and its resources are limited.

template_sandbox    Jinja as transformers sets it up
template_nesting    how deep a template may be nested
template_budget     steps, characters and seconds of one rendering
template_limits     filters and operators that would make too much
template_metering   how the budget hears of all work
template_arguments  the arguments of a call, by name
template_formats    what a format would make too much
dates               strftime as on Linux
"""
