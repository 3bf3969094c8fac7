export { fileModel } from "./file-model.ts";
export { fs } from "./fs.ts";
