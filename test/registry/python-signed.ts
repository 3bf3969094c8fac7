import { readFileSync } from "node:fs";
import type { VersionFile } from "../../src/registry/port.ts";
import type { SigstoreBundle } from "../../src/registry/signing-bundle.ts";

/** Kinds of keys that were signed with. */
export type Curve = "P-256" | "P-384" | "P-521" | "Ed25519";

interface Case {
  readonly curve: Curve;
  /** PKCS#8. */
  readonly privateKey: string;
  readonly publicKey: string;
  /** Id of the key. */
  readonly hint: string;
  readonly bundle: SigstoreBundle;
}

interface PythonSigned {
  readonly files: readonly VersionFile[];
  readonly cases: readonly Case[];
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../reference/${name}`, import.meta.url), "utf8"));

/** Keys, files, and bundles that Python made; `test/reference/signing.py` writes them. */
export const pythonSigned = read("signing.json") as PythonSigned;

/** Bundles that we made and Python verified. */
export const signedForPython = () => read("signing-ours.json") as { readonly cases: readonly Pick<Case, "curve" | "bundle">[] };

/** The keys of one kind. */
export function keysOf(curve: Curve): Case {
  return pythonSigned.cases.find((each) => each.curve === curve)!;
}
