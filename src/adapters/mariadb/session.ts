import { ModelwrightError } from "../../core/errors.ts";
import { invalidConfig } from "../../core/options.ts";
import type { MysqlConnection } from "./mysql-pool.ts";

/** Longest wait of a statement for a row that another transaction has locked, and for a process that has stopped within one, s. */
const LOCK_TIMEOUT_S = 30;
const IDLE_TIMEOUT_S = 60;

/** What has to hold of a connection. */
interface SessionRow {
  readonly version: string;
  readonly mode: string;
  readonly autocommit: number;
  readonly charset: string;
  readonly db: string | null;
}

/** Makes a session of our own as we need it. */
export async function setSession(connection: MysqlConnection): Promise<void> {
  const modes = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";
  const limits = `innodb_lock_wait_timeout = ${LOCK_TIMEOUT_S}, idle_transaction_timeout = ${IDLE_TIMEOUT_S}`;
  await connection.query({ sql: `set session sql_mode = '${modes}', autocommit = 1, ${limits}` });
  await connection.query({ sql: "set session transaction isolation level read committed" });
}

/**
 * Checks a session, also a borrowed one, which is not ours to change: texts that do not fit would be cut off without a sign, or stored
 * as question marks.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID`, or `UNSUPPORTED` for a server that is not MariaDB
 */
export async function checkSession(connection: MysqlConnection): Promise<void> {
  const sql =
    "select version() as version, @@sql_mode as mode, @@autocommit as autocommit, @@character_set_client as charset, database() as db";
  const [rows] = await connection.query({ sql, rowsAsArray: false, nestTables: false, typeCast: true });
  const [{ version, mode, autocommit, charset, db }] = rows as [SessionRow];
  if (!/mariadb/i.test(version)) {
    throw new ModelwrightError("UNSUPPORTED", `The server is not MariaDB but ${version}; connect to MariaDB 10.6 or newer`, {
      details: { feature: `a server of version ${version}` },
    });
  }
  const issues = [
    ...(db === null ? ["expected connections to a database, but they name none"] : []),
    ...(/STRICT_(?:ALL|TRANS)_TABLES/.test(mode) ? [] : ["expected STRICT_ALL_TABLES or STRICT_TRANS_TABLES in sql_mode"]),
    ...(Number(autocommit) === 1 ? [] : ["expected autocommit to be on"]),
    ...(charset === "utf8mb4" ? [] : [`expected the character set utf8mb4, but got ${charset}`]),
  ];
  if (issues.length > 0) {
    throw invalidConfig(
      "mariadb",
      issues.map((message) => ({ path: ["pool"], message })),
    );
  }
}
