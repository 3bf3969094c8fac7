import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { changesLikeMemory } from "./changes-like-memory.ts";

changesLikeMemory(
  "a registry in SQLite",
  () => {
    const db = sqlite({ path: ":memory:" });
    return { ...db.registry, [Symbol.asyncDispose]: () => db.close() };
  },
  30,
);
