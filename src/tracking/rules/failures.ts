import { ModelwrightError } from "../../core/errors.ts";

/** There is no experiment with this id or name. */
export function experimentNotFound(experiment: string): ModelwrightError<"TRACKING_EXPERIMENT_NOT_FOUND"> {
  return new ModelwrightError("TRACKING_EXPERIMENT_NOT_FOUND", `There is no experiment ${experiment}`, {
    details: { experiment },
  });
}

/** The experiment was deleted, so that nothing can be added to it. */
export function experimentDeleted(experiment: string): ModelwrightError<"TRACKING_EXPERIMENT_NOT_FOUND"> {
  return new ModelwrightError(
    "TRACKING_EXPERIMENT_NOT_FOUND",
    `The experiment ${experiment} was deleted; restore it, or use another one`,
    { details: { experiment } },
  );
}

/** Another experiment has the name. */
export function experimentExists(experiment: string): ModelwrightError<"TRACKING_EXPERIMENT_EXISTS"> {
  return new ModelwrightError(
    "TRACKING_EXPERIMENT_EXISTS",
    `There is an experiment ${experiment} already, or a deleted one that can be restored; use it, or choose another name`,
    { details: { experiment } },
  );
}

/** There is no run with this id. */
export function runNotFound(run: string): ModelwrightError<"TRACKING_RUN_NOT_FOUND"> {
  return new ModelwrightError("TRACKING_RUN_NOT_FOUND", `There is no run ${run}`, { details: { run } });
}

/** The run was deleted, so that nothing can be logged to it. */
export function runDeleted(run: string): ModelwrightError<"TRACKING_RUN_NOT_FOUND"> {
  return new ModelwrightError("TRACKING_RUN_NOT_FOUND", `The run ${run} was deleted; restore it, or start another one`, {
    details: { run },
  });
}

/** The parent of a run is not a run of the same experiment. */
export function parentNotFound(run: string, experiment: string): ModelwrightError<"TRACKING_RUN_NOT_FOUND"> {
  return new ModelwrightError(
    "TRACKING_RUN_NOT_FOUND",
    `There is no run ${run} in the experiment ${experiment} that a run could be a part of`,
    { details: { run } },
  );
}

/** The param has another value already. */
export function paramImmutable(run: string, param: string): ModelwrightError<"TRACKING_PARAM_IMMUTABLE"> {
  return new ModelwrightError(
    "TRACKING_PARAM_IMMUTABLE",
    `The run ${run} has another value of the param ${param}, and params do not change; log under another name, or as a tag`,
    { details: { run, param } },
  );
}
