/** What a model answers: one of two classes, one of many, or a number. */
export type ModelTask = "binary" | "multiclass" | "regression";
