import { tensor } from "../../src/core/tensor.ts";
import { writeModel } from "../../src/onnx-format/write-model.ts";

const columns = ["a", "place"];
/** Of float32 in a MiB. */
const ENTRIES = 262_144;

/**
 * A model whose answer tells which one it is: `a` plus `number`, exactly. The number is looked up in a table that holds
 * nothing else, at the `place` that the caller names, so that the model is quick, and is seen when it is not given back.
 *
 * @param mebibytes - size of the table
 */
export function tellingModel(number: number, mebibytes = 1): Uint8Array<ArrayBuffer> {
  const index = (at: number) => tensor("int64", BigInt64Array.of(BigInt(at)));
  const axis = { axis: { int: 1 } };
  return writeModel({
    name: "telling",
    inputs: [{ name: "features", type: { tensor: "float32", dims: ["batch", columns.length] } }],
    outputs: [{ name: "told", type: { tensor: "float32", dims: ["batch", 1] } }],
    nodes: [
      { operator: "Gather", inputs: ["features", "first"], outputs: ["a"], attributes: axis },
      { operator: "Gather", inputs: ["features", "second"], outputs: ["place"], attributes: axis },
      { operator: "Cast", inputs: ["place"], outputs: ["index"], attributes: { to: { int: 7 } } },
      { operator: "Gather", inputs: ["table", "index"], outputs: ["number"] },
      { operator: "Add", inputs: ["a", "number"], outputs: ["told"] },
    ],
    initializers: {
      first: index(0),
      second: index(1),
      table: tensor("float32", new Float32Array(mebibytes * ENTRIES).fill(number)),
    },
    metadata: { "modelwright.columns": JSON.stringify(columns) },
  });
}
