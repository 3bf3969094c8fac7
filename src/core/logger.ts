/** Where systems report what they cannot tell a caller. Structured: a constant message, then fields. pino and console-like loggers adapt in a line. */
export interface Logger {
  /** What only a developer of the library wants to know. */
  debug(message: string, fields?: LogFields): void;
  /** What has happened as it should. */
  info(message: string, fields?: LogFields): void;
  /** What works, but not as it was asked for. */
  warn(message: string, fields?: LogFields): void;
  /** What failed, and no caller was there to be told. */
  error(message: string, fields?: LogFields): void;
}

/** Facts beside a log message. Never feature values or secrets. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Log levels, from the most to the least talkative. */
export type LogLevel = "debug" | "info" | "warn" | "error";

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Writes to the console what is at least as severe as `level`. */
export function consoleLogger({ level = "warn" }: { level?: LogLevel } = {}): Logger {
  const from = levels.indexOf(level);
  const at = (name: LogLevel) =>
    levels.indexOf(name) < from
      ? () => {}
      : (message: string, fields?: LogFields) => {
          console[name](`[modelwright] ${message}`, ...(fields === undefined ? [] : [fields]));
        };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The logger, but that it never throws: a log that cannot be written must not fail the work that it tells of. */
export function guarded(logger: Logger): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    try {
      logger[level](message, fields);
    } catch {
      // Nobody is left to be told.
    }
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Drops everything. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** What systems use when none is given: warnings and errors to the console. */
export const defaultLogger: Logger = consoleLogger();
