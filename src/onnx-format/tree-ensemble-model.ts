import * as z from "zod";
import type { Issue } from "../core/errors.ts";
import { invalidConfig, parseOptions } from "../core/options.ts";
import { columnNames, featuresName, float32, tabularModel } from "./model-options.ts";
import { type AttributeSpec, type NodeSpec, writeModel } from "./write-model.ts";

/**
 * A node of a decision tree: a leaf with its value, or a split. A row goes `left` when its feature is at most `threshold`, else, also
 * when the feature is NaN, `right` (`BRANCH_LEQ` of ONNX, the rule of scikit-learn).
 */
export type TreeNode =
  | { readonly value: number }
  | {
      /** Position of the feature in `columns`, from 0. */
      readonly feature: number;
      /** Rounded to the nearest float32 below, so that every float32 feature goes where it would with the exact threshold. */
      readonly threshold: number;
      readonly left: TreeNode;
      readonly right: TreeNode;
    };

/** Options of {@link treeEnsembleModel}. Leaf values and `base` are rounded to float32. */
export interface TreeEnsembleModelOptions {
  /** Names of the features, distinct; splits refer to their positions. */
  readonly columns: readonly string[];
  /** `regressor` answers the sum, `classifier` the logistic function of it. */
  readonly kind: "regressor" | "classifier";
  /** Roots, at least one, at most 1000 splits deep. For a forest that averages, divide the leaf values by the number of trees. */
  readonly trees: readonly TreeNode[];
  /** What is added to the sum of the leaves, before the logistic function. @defaultValue 0 */
  readonly base?: number | undefined;
}

const maxDepth = 1000;

const schema = z.object({
  columns: columnNames,
  kind: z.enum(["regressor", "classifier"]),
  trees: z.array(z.unknown()).min(1),
  base: float32.default(0),
});

const leafSchema = z.object({ value: float32 });
const splitSchema = z.object({ feature: z.int().nonnegative(), threshold: float32, left: z.unknown(), right: z.unknown() });

/** A node as ONNX keeps it: one row of a table of all nodes. */
interface NodeRow {
  readonly tree: number;
  readonly id: number;
  readonly mode: "BRANCH_LEQ" | "LEAF";
  readonly feature: number;
  readonly threshold: number;
  /** Ids of the nodes below; 0 for a leaf. */
  readonly left: number;
  readonly right: number;
  /** 0 for a split. */
  readonly value: number;
}

/**
 * The ONNX bytes of summed decision trees (boosted trees, forests): input `features`, float32 [batch, columns]; output `prediction` of
 * a regressor, or `probability` of the positive class of a binary classifier, float32 [batch, 1]. Uses `TreeEnsembleRegressor` of
 * ai.onnx.ml 3; otherwise as `linearModel`.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` that lists every issue
 *
 * @example
 * ```ts
 * import { treeEnsembleModel } from "modelwright/onnx-format";
 *
 * const bytes = treeEnsembleModel({
 *   columns: ["amount", "age_days"],
 *   kind: "classifier",
 *   trees: [
 *     { feature: 0, threshold: 100, left: { value: -1.5 }, right: { value: 2 } },
 *     { feature: 1, threshold: 30, left: { value: 0.4 }, right: { value: -0.1 } },
 *   ],
 * });
 * ```
 */
export function treeEnsembleModel(options: TreeEnsembleModelOptions): Uint8Array<ArrayBuffer> {
  const { columns, kind, trees, base } = parseOptions(schema, options, "treeEnsembleModel");
  const issues: Issue[] = [];
  const nodes = trees.flatMap((root, tree) => nodeRows(root, tree, columns.length, issues));
  if (issues.length > 0) throw invalidConfig("treeEnsembleModel", issues);
  const output = kind === "regressor" ? "prediction" : "probability";
  const score = kind === "regressor" ? output : "ensemble.score";
  const ensemble: NodeSpec = {
    operator: "TreeEnsembleRegressor",
    domain: "ai.onnx.ml",
    inputs: [featuresName],
    outputs: [score],
    attributes: ensembleAttributes(nodes, base),
  };
  const sigmoid: NodeSpec = { operator: "Sigmoid", inputs: [score], outputs: [output] };
  return writeModel({
    name: "tree_ensemble",
    ...tabularModel(columns, output, 1),
    nodes: kind === "regressor" ? [ensemble] : [ensemble, sigmoid],
  });
}

/** @source ai.onnx.ml operators, `TreeEnsembleRegressor` version 3 */
function ensembleAttributes(nodes: readonly NodeRow[], base: number): Record<string, AttributeSpec> {
  const leaves = nodes.filter(({ mode }) => mode === "LEAF");
  return {
    aggregate_function: { string: "SUM" },
    base_values: { floats: [base] },
    n_targets: { int: 1 },
    nodes_falsenodeids: { ints: nodes.map(({ right }) => right) },
    nodes_featureids: { ints: nodes.map(({ feature }) => feature) },
    nodes_modes: { strings: nodes.map(({ mode }) => mode) },
    nodes_nodeids: { ints: nodes.map(({ id }) => id) },
    nodes_treeids: { ints: nodes.map(({ tree }) => tree) },
    nodes_truenodeids: { ints: nodes.map(({ left }) => left) },
    nodes_values: { floats: nodes.map(({ threshold }) => threshold) },
    post_transform: { string: "NONE" },
    target_ids: { ints: leaves.map(() => 0) },
    target_nodeids: { ints: leaves.map(({ id }) => id) },
    target_treeids: { ints: leaves.map(({ tree }) => tree) },
    target_weights: { floats: leaves.map(({ value }) => value) },
  };
}

/** The nodes of one tree, depth first, without recursion; what is wrong with them goes to `issues`. */
function nodeRows(root: unknown, tree: number, columns: number, issues: Issue[]): NodeRow[] {
  const rows: NodeRow[] = [];
  const waiting: { node: unknown; id: number; path: Issue["path"] }[] = [{ node: root, id: 0, path: ["trees", tree] }];
  let ids = 1;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, id, path } = next;
    if (path.length - 2 > maxDepth) {
      // A cycle ends here too.
      issues.push({ path: ["trees", tree], message: `expected at most ${maxDepth} splits from root to leaf` });
      return rows;
    }
    if (typeof node === "object" && node !== null && "feature" in node) {
      const split = checked(splitSchema, node, path, issues);
      if (split === undefined) continue;
      const [left, right] = [ids++, ids++];
      if (split.feature >= columns)
        issues.push({ path: [...path, "feature"], message: `expected a position among ${columns} columns` });
      rows.push({ tree, id, mode: "BRANCH_LEQ", ...split, threshold: floorFloat32(split.threshold), left, right, value: 0 });
      waiting.push(
        { node: split.right, id: right, path: [...path, "right"] },
        { node: split.left, id: left, path: [...path, "left"] },
      );
    } else {
      const leaf = checked(leafSchema, node, path, issues);
      rows.push({ tree, id, mode: "LEAF", feature: 0, threshold: 0, left: 0, right: 0, value: leaf?.value ?? 0 });
    }
  }
  return rows;
}

function checked<S extends z.ZodType>(
  type: S,
  value: unknown,
  path: readonly (string | number)[],
  issues: Issue[],
): z.output<S> | undefined {
  const result = type.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) issues.push({ path: [...path, ...issue.path.map(String)], message: issue.message });
  return undefined;
}

const scratch = new DataView(new ArrayBuffer(4));

/** The greatest float32 that is at most `value`, a finite number in the range of float32. */
function floorFloat32(value: number): number {
  const nearest = Math.fround(value);
  if (nearest <= value) return nearest;
  if (nearest === 0) return -(2 ** -149);
  scratch.setFloat32(0, nearest);
  scratch.setInt32(0, scratch.getInt32(0) + (nearest > 0 ? -1 : 1));
  return scratch.getFloat32(0);
}
