"""Pictures and sound as arrays: read, made into what models take, and back. It knows no model.

pictures       what may be a picture: bytes and arrays become PIL's images
processor      what preprocessor_config.json asks for, done
preparing      all of that in one step, for pictures whose pixels are elsewhere
text_lines     lines of text on pictures: found, cut out, read
flat_shapes    shapes of points on a plane
processors     what each class of processors does unless its file says otherwise
settings       what settings may be
timm           what timm's models say of their pictures, as settings
cropping       the middle of pictures
resizing       sizes that keep a picture's shape, as each class has them
antialiasing   another size, as OWLv2 has it
donut          pages as Donut has them
tiles          pictures in tiles, as Idefics 3 looks at them
boxes          boxes on pictures, and which of those that overlap stay
yolo           detectors that are exported without a config
segments       masks of what is on a picture
interpolation  maps of numbers at a picture's own size
sound          Sound: samples with their rate; channels become one
sound_files    what kind of sound a file has, and its rate
wav            WAV files
resampling     another rate, by a polyphase filter
mel            the bands of the mel scale
spectrogram    how loud these bands are in each frame
log_mel        Whisper's features
clap_mel       CLAP's, of ten seconds out of any sound
"""
