/**
 * Memory that threads share: for threads that compute, and for Stop in the midst of Python. WebKitGTK
 * calls pages cross-origin isolated and has none all the same.
 */
export const hasSharedMemory = globalThis.crossOriginIsolated && "SharedArrayBuffer" in globalThis;
