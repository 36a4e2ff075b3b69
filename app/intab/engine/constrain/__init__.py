"""What an answer may be: by a JSON schema, a regular expression, choices or a grammar.

constraint     Constraint: what an option asks for
schemas        a schema in JSON, or a class, as a constraint
dialect        schemas in the library's own words
class_schemas  classes as schemas, and answers as their objects
regexes        Python's regular expressions in the library's syntax
cases          letters that are the same but for their case
checks         of the options, by name
grammars       Lark, GBNF and choices
endings        whether it can ever end
nesting        how deep something goes, before anything calls itself for each level
vocabulary     the bytes of each token
library        llguidance: its import, its tokenizers, its compiled grammars
bitmasks       what a row of bits leaves of a row of logits
matcher        where one sequence is in its grammar, and what may follow
"""
