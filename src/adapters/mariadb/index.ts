/**
 * Registry, tracking, features, key-values and monitoring in a MariaDB database, through the peer `mysql2`.
 *
 * @module modelwright/mariadb
 */

export { type MariadbOptions, type MariadbStores, mariadb } from "./mariadb.ts";
export type { MysqlCallbackPool, MysqlConnection, MysqlPool, MysqlPromisePool } from "./mysql-pool.ts";
