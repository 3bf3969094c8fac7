import type { Migration } from "../sql/migrate.ts";
import { firstStep } from "./steps/0001-first.ts";
import { monitoringStep } from "./steps/0002-monitoring.ts";

/** The schema's steps, oldest first. Add a step; never edit or remove one, because its text is recorded in every database. */
export const migrations: readonly Migration[] = [firstStep, monitoringStep];
