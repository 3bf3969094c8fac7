/**
 * Registry, tracking, features and key-values in one SQLite file, through `node:sqlite`.
 *
 * @module modelwright/sqlite
 */

export { type SqliteOptions, type SqliteStores, sqlite } from "./sqlite.ts";
