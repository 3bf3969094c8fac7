import { peer } from "../../core/peer.ts";
import type { ServerPool } from "../sql/server-driver.ts";
import { PostgresConnection, StatementNames } from "./dialect.ts";
import type { PgPool } from "./pg-pool.ts";

/** How a pool of our own is made. */
interface OwnPoolOptions {
  readonly url: string;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
}

/** Connections of a pool that the host keeps. */
export function borrowedPool(pool: PgPool, prepare: boolean, close: () => Promise<void> = async () => {}): ServerPool {
  const names = prepare ? new StatementNames() : undefined;
  return { connect: async () => new PostgresConnection(await pool.connect(), names), close };
}

/** A pool that we make and end. */
export async function ownPool({ url, maxConnections, connectTimeoutMs }: OwnPoolOptions, prepare: boolean): Promise<ServerPool> {
  const { Pool } = await peer("pg", undefined, () => import("pg"));
  const pool = new Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    fallback_application_name: "modelwright",
    // Compiling a search of many conditions takes far longer than running it.
    onConnect: async (client) => void (await client.query("set jit = off")),
  });
  // A connection that breaks while it is idle is replaced; without a listener, it would end the process.
  pool.on("error", () => {});
  return borrowedPool(pool, prepare, () => pool.end());
}
