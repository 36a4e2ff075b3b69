/** The sentences of the status line: events of the worker in a visitor's words. */
const STAGES = {
  describe: "Looking at the model",
  start: "Starting the model",
  "warm up": "Warming up the model",
};
const mega = (bytes) => (bytes / 1e6).toFixed(1);
const rate = (value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));

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
