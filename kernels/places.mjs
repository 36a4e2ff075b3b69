/** Where onnxruntime-web has its int8 GEMM: for unsigned rows, for signed ones (places.py). */
export const PLACES = {
  size: 14239897,
  slots: [1403, 1402],
  functions: [6172, 6173],
  exports: { table: "yb", malloc: "wb", free: "vb" },
};
