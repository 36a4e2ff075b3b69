/**
 * Does jobs of the bench's desk, `?desk=ADDRESS`, by the page's worker, which hears of them over a
 * channel: no debugger is attached then, which keeps what comes over the network (bench/desk.py).
 */
const desk = new URLSearchParams(location.search).get("desk");
if (desk) {
  const channel = new BroadcastChannel("bench");
  channel.onmessage = async ({ data }) => {
    await fetch(desk, { method: "POST", body: data });
    channel.postMessage(await (await fetch(desk)).text());
  };
}
