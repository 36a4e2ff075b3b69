"""What a program shows beside what it prints, and what it asks.

shown      a value in the form that shows it best: text, table, picture, sound, HTML, tokens
pictures   arrays and other libraries' pictures as bytes of a PNG
screen     where it goes: a page, or the terminal
devices    what the reader's devices give piece by piece
taking     pictures of the reader's: a camera, a drawing, a file
listening  sound of the reader's: a microphone
asking     input() and controls: questions, sliders, choices
"""
