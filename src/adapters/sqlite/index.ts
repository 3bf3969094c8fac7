/**
 * Registry, tracking, features, key-values and monitoring in one SQLite file, through `node:sqlite`.
 *
 * @module modelwright/sqlite
 */

export { type SqliteOptions, type SqliteStores, sqlite } from "./sqlite.ts";
