/** onnxruntime-web's plain build, as ort_module.mjs finds it in the site. */
declare const start: (config: object) => Promise<import("../ort.d.ts").OrtModule>;
export default start;
