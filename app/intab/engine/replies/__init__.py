"""What a model's reply says: thoughts, content and calls of tools, by the marks of its family.

marks      which marks a tokenizer has, and whether a prompt has opened a thought
splitting  a reply as it comes: thoughts and content apart, calls kept
results    ToolCall, ToolResult
calls      the text of calls -> names and arguments
literals   arguments as Python and Gemma write them
arguments  arguments held against a tool's schema
call_grammars  what may follow a mark, by the schemas of tools
held_calls  calls held to that as they are written
running    functions called, their results as messages
messages   an answer as the message that stands for it
"""
