/** For a page beside the site: isolated.mjs in the folder intab/ isolates it on a host that does not. */
import { isolateUnder } from "./isolation.mjs";

await isolateUnder(new URL("../", import.meta.url).href);
