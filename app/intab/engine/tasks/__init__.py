"""What models are for: what each task needs of a model, and how inputs become answers.

base                 Task, and ArrayTask: inputs become rows, outputs become answers
pipeline             Pipeline, which users call
batches              rows side by side: sorted, padded, streamed
heads                which task an architecture is for
registry             the tasks by their names
text_generation      a decoder that continues text: Model
plain_network        any graph, with named arrays in and out
generation_pipeline  the same in a pipeline's form
generation_request   a call's options, a prompt's ids and an answer's record
self_test            a decoder's first runs
webgpu_checks        what is asked of a decoder on WebGPU too
beside_texts         what tasks share that compare pictures or sounds with texts

Writing from a source, by an encoder-decoder:

sequence_model     answers to sources, by generation's loops
sequence_pipeline  what its pipelines share
opening            opening it, and its first runs
text_to_text       text2text-generation, summarization, translation
languages          the languages of models that know many

The package speech: sound becomes text or labels, and text sound.
The package diffusion: pictures out of noise.

Reading, by an encoder of texts:

text_inputs               texts and pairs become rows
text_task                 what these tasks share
text_classification       labels and scores of texts
token_classification      entities in texts
entities                  tokens with scores become entities
question_answering        answers out of texts
spans                     starts and ends with scores become answers
fill_mask                 what may stand in a mask's place
zero_shot_classification  labels of the caller's
feature_extraction        the vectors of a text's tokens
sentence_similarity       vectors of whole texts, compared
text_ranking              documents ordered by a query
sentence_pipeline         what users call of these two
sentence_files            what sentence-transformers' files say
embeddings                pooling, small numbers, similarities

Looking at pictures:

image_task                      what these tasks share
image_classification            labels and scores of pictures
image_feature_extraction        what a model sees, as vectors
picture_texts                   what those share that read texts beside
zero_shot_image_classification  labels of the caller's
object_detection                boxes with labels
zero_shot_object_detection      boxes of what the caller names
image_segmentation              masks with labels
background_removal              pictures without what is behind
document_question_answering     what is asked about a page
image_text_to_text              answers to texts with pictures in them
seen_prompts                    what these are asked, and the tokens of pictures
eyes                            what looks at their pictures
image_to_text                   what is on a picture, or written there, in words
text_lines                      lines of text, found and read
depth_estimation                how far away everything is
"""
