import { peer } from "../../core/peer.ts";
import type { ServerPool } from "../sql/server-driver.ts";
import { MariadbConnection } from "./dialect.ts";
import type { MysqlConnection, MysqlPool, MysqlPromisePool } from "./mysql-pool.ts";
import { checkSession, setSession } from "./session.ts";

/** How a pool of our own is made. */
interface OwnPoolOptions {
  readonly url: string;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
}

/** Prepared statements that a connection keeps; a server has 16382 in all by default. */
const MAX_STATEMENTS = 500;

/** Connections of a pool that the host keeps. */
export function borrowedPool(pool: MysqlPool): ServerPool {
  return serverPool("promise" in pool ? pool.promise() : pool, { own: false, close: async () => {} });
}

/** A pool that we make and end. */
export async function ownPool({ url, maxConnections, connectTimeoutMs }: OwnPoolOptions): Promise<ServerPool> {
  const { createPool } = await peer("mysql2", undefined, () => import("mysql2/promise"));
  const pool = createPool({
    uri: url,
    connectionLimit: maxConnections,
    connectTimeout: connectTimeoutMs,
    maxPreparedStatements: MAX_STATEMENTS,
    charset: "utf8mb4_bin",
  });
  return serverPool(pool, { own: true, close: () => pool.end() });
}

function serverPool(
  pool: MysqlPromisePool,
  { own, close }: { readonly own: boolean; readonly close: () => Promise<void> },
): ServerPool {
  const checked = new WeakSet<object>();
  return {
    connect: async () => {
      const connection = await pool.getConnection();
      // The library wraps a connection each time that it gives it away.
      const core = (connection as MysqlConnection & { readonly connection?: object }).connection ?? connection;
      if (!checked.has(core)) {
        try {
          if (own) await setSession(connection);
          await checkSession(connection);
        } catch (error) {
          if (own) connection.destroy();
          else connection.release();
          throw error;
        }
        checked.add(core);
      }
      return new MariadbConnection(connection, own);
    },
    close,
  };
}
