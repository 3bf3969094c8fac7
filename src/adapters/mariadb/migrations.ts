import type { Migration } from "../sql/migrate.ts";
import { firstStep } from "./steps/0001-first.ts";
import { monitoringStep } from "./steps/0002-monitoring.ts";

/**
 * The schema's steps, oldest first. Add a step; never edit or remove one, because its text is recorded in every database. MariaDB does
 * not undo changes of a schema: every statement has to succeed when it is repeated.
 */
export const migrations: readonly Migration[] = [firstStep, monitoringStep];
