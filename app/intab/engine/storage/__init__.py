"""Stored models.

storage       listing, checking, deleting: intab.storage
stored        a stored model, as its record and its chunks tell of it
model_cache   the stored files of one model
keys          the names of chunks and records
records       the note about a stored model
stores        the places to store in, of which one is used
export        a stored model as a file
import_model  and back
tar           tar archives whose contents stay where they are
"""
