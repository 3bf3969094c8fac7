/** MariaDB's numbers of errors with which the server ends a session: shutdown, killed, errors of the network, idle for too long. */
const ENDED: readonly unknown[] = [1053, 1158, 1159, 1160, 1161, 1927, 4031];

/** Numbers of errors that pass: too many connections, a lock held for too long, a statement stopped, a cluster that is not ready. */
const PASSING: readonly unknown[] = [1040, 1047, 1203, 1205, 1226, 1317, 1637, 1969];

/** Two transactions have come into each other's way: a deadlock, a row that has changed, a key that both insert. */
const COLLIDED: readonly unknown[] = [1213, 1020, 1062];

/** What `mysql2` says of an error. */
interface MysqlError {
  /** The server's number; that of the operating system is negative. */
  readonly errno?: unknown;
  /** Whether the connection cannot be used any more. */
  readonly fatal?: unknown;
}

/** Whether the connection that gave the error is gone. A server that refuses a connection says so with a number of its own. */
export function isLost(error: unknown): boolean {
  const { errno, fatal } = (error ?? {}) as MysqlError;
  return ENDED.includes(errno) || (fatal === true && !(typeof errno === "number" && errno > 0));
}

/** Whether a failed call changed nothing and may succeed when repeated. */
export function isRetryable(error: unknown): boolean {
  const { errno } = (error ?? {}) as MysqlError;
  return isLost(error) || PASSING.includes(errno) || errno === 1213 || errno === 1020;
}

/** Whether a transaction was undone because another one came first. */
export function hasCollided(error: unknown): boolean {
  return COLLIDED.includes((error as MysqlError | null | undefined)?.errno);
}
