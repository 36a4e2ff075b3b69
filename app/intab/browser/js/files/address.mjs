/** What the Cache API knows a key by, since it wants addresses; nothing is fetched there. */
export const ADDRESS = "https://intab.invalid/";
