/**
 * Does jobs that come over a channel as JSON, and answers each: see bench/visits.py.
 * @param {any} jobs
 */
export function serve(jobs) {
  const channel = new BroadcastChannel("bench");
  const perform = async (/** @type {any} */ { do: name, ...job }) => jobs[name](job);
  channel.onmessage = async ({ data }) => {
    const result = await perform(JSON.parse(data)).catch((error) => ({ error: `${error.stack}` }));
    channel.postMessage(JSON.stringify(result));
  };
  channel.postMessage(JSON.stringify({ ready: true }));
}

/**
 * What an answer's figures are, of when its tokens came: milliseconds.
 * @param {number} start
 * @param {any} stamps
 * @param {any} promptTokens
 */
export function figures(start, stamps, promptTokens) {
  const first = (stamps[0] - start) / 1000;
  const decoding = (stamps.at(-1) - stamps[0]) / 1000;
  return [first, promptTokens / first, (stamps.length - 1) / decoding];
}
