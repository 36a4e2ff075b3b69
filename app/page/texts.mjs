/** The sentences of the status line: events of the worker in a visitor's words. */
const STAGES = {
  describe: "Looking at the model",
  start: "Starting the model",
  "warm up": "Warming up the model",
};
// What PyScript says while it starts Python; what is not here is not worth a visitor's while.
const STARTING = {
  "Loading Pyodide": "Loading Python",
  "Loading interpreter": "Starting Python and loading its packages",
  "Loaded Pyodide": "Python has started",
};
const RESTARTS = {
  stubborn: "Stopped. Python was restarted: it did not heed the interrupt.",
  crashed: "Python crashed and was restarted; your program is still here.",
  asked: "Python was restarted; your program is still here.",
};
const UNISOLATED =
  "Stopped. Python was restarted: this page is not cross-origin isolated, so Python cannot be interrupted.";
const mega = (bytes) => (bytes / 1e6).toFixed(1);
const rate = (value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));

export function startingText(stage) {
  return STARTING[stage];
}

/** Why the worker was given up; `Link` has the causes. */
export function restartText(cause) {
  return cause === "stubborn" && !crossOriginIsolated ? UNISOLATED : RESTARTS[cause];
}

export function loadingText({ stage, loaded, total }) {
  return STAGES[stage] ?? `Loading the model: ${mega(loaded)} of ${mega(total)} MB`;
}

export function deviceText({ name, dtype, device, reason }) {
  const isolation = crossOriginIsolated ? "" : "; one thread: the page is not cross-origin isolated";
  return `${name}, ${dtype} on ${device} (${reason}${isolation})`;
}

export function metricsText(figures) {
  const { prompt_tokens, new_tokens, time_to_first_token, prefill_rate, decode_rate } = figures;
  const first = `First token after ${time_to_first_token.toFixed(2)} s`;
  const prompt = `prompt ${prompt_tokens} tokens, ${rate(prefill_rate)} tokens/s`;
  const answer = `${new_tokens} new tokens, ${rate(decode_rate)} tokens/s`;
  return `${first} · ${prompt} · ${answer}`;
}
