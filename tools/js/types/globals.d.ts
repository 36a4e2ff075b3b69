/** What browsers have and TypeScript's own library lacks. */
interface Navigator {
  readonly deviceMemory?: number; // GiB; Chromium alone
}
interface WorkerNavigator {
  readonly deviceMemory?: number;
}
interface StorageManager {
  persist?(): Promise<boolean>; // pages alone
}
interface DedicatedWorkerGlobalScopeEventMap {
  securitypolicyviolation: SecurityPolicyViolationEvent;
}
interface FileSystemHandle {
  queryPermission(descriptor: { mode: "read" | "readwrite" }): Promise<PermissionState>; // Chromium
  requestPermission(descriptor: { mode: "read" | "readwrite" }): Promise<PermissionState>;
}
interface FileSystemFileHandle {
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}
declare const GPUBufferUsage: Readonly<Record<"MAP_READ" | "COPY_SRC" | "COPY_DST" | "STORAGE" | "UNIFORM", number>>;
declare const GPUMapMode: Readonly<Record<"READ", number>>;

/** What tools/site/offline.py gives the service worker. */
declare const SITE: { hashed: string; isolation: Record<string, string> };

/** What tools/site/runtime.py gives start.mjs: the integrity of Python's snapshot. */
declare const SNAPSHOT: string;

/** The File System Access API of Chromium's pages. */
declare var showDirectoryPicker: undefined | ((options: object) => Promise<FileSystemDirectoryHandle>);
declare var showOpenFilePicker: undefined | ((options?: object) => Promise<FileSystemFileHandle[]>);
declare var showSaveFilePicker: undefined | ((options?: object) => Promise<FileSystemFileHandle>);
declare module "*.py" {
  const text: string; // esbuild's loader gives the source
  export default text;
}
declare module "*.wasm" {
  const code: Uint8Array<ArrayBuffer>; // esbuild's loader gives the bytes
  export default code;
}

/** What an AudioWorklet's modules have. */
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
declare const sampleRate: number;
