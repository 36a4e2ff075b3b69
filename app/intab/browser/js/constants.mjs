/**
 * What Python and JavaScript share: made by tools/constants.py from the engine's own values.
 */

/** Bytes of a chunk: a file that is no longer comes in one piece. */
export const CHUNK = 8388608;

/** Parts of files that are fetched at a time. */
export const AT_A_TIME = 6;

/** Of files that come in one piece, however long. */
export const TEXT_ENDINGS = [".jinja", ".json", ".txt"];

/** The dtypes that are for a GPU. */
export const GPU_DTYPES = ["q4f16", "q4"];

/** The key of the note about a stored model; FOLDER stands for its address, encoded. */
export const RECORD_KEY = "=FOLDER/=/=record";
