/**
 * Content-addressed artifacts in a browser's IndexedDB.
 *
 * @module modelwright/indexeddb
 */

export { type IndexedDbOptions, indexedDb } from "./indexed-db.ts";
