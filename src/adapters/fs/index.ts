/**
 * Content-addressed artifacts in a folder; a model from a file.
 *
 * @module modelwright/fs
 */

export { fileModel } from "./file-model.ts";
export { fs } from "./fs.ts";
