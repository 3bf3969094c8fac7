export { type SqliteOptions, type SqliteStores, sqlite } from "./sqlite.ts";
