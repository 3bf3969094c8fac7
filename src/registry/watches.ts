import type { Digest } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import { Emitter, type Event } from "../core/events.ts";
import { guarded, type Logger } from "../core/logger.ts";
import { formatModelRef, type ModelIdentity, type ModelRef, type Precision } from "../core/model.ts";
import type { RegistryStore, VersionFile, VersionRecord } from "./port.ts";
import { modelPath, variantPath } from "./registration.ts";

/** The model that a version is, and the file that holds it. */
interface ModelFile {
  readonly identity: ModelIdentity & { readonly digest: Digest };
  readonly file: VersionFile;
}

/** A reference that somebody may want to follow. */
export interface Watch {
  /** Fires after the reference has begun to point to a version other than the one seen last. */
  readonly onChanged: Event<ModelIdentity>;
  /**
   * Notes the version that the reference was found to point to, and answers which model that is and which of its files.
   *
   * @throws a {@link ModelwrightError} with code `MODEL_UNSUPPORTED` when it is no ONNX model, and `STORE_NOT_FOUND` when it has no
   * such variant
   */
  seen(version: VersionRecord, precision: Precision | undefined): ModelFile;
}

/** The references that are followed; asking the store costs nothing while nobody listens. */
export class Watches {
  readonly #store: RegistryStore;
  readonly #logger: Logger;
  readonly #followed = new Set<{ readonly name: string; readonly check: () => Promise<void> }>();
  #told: Promise<void> = Promise.resolve();

  constructor(store: RegistryStore, logger: Logger) {
    this.#store = store;
    this.#logger = guarded(logger);
  }

  /**
   * Prepares to follow a reference; it is followed while its event has listeners.
   *
   * @param precision - the variant whose digest the event tells, where the version has it
   */
  watch(ref: ModelRef, precision: Precision | undefined): Watch {
    const emitter = new Emitter<ModelIdentity>(this.#logger);
    let last: number | undefined;
    const check = async () => {
      const version = await this.#store.findVersion(ref);
      if (version === undefined || version.version === last) return;
      last = version.version;
      // Also a version that cannot be loaded: whoever follows is told why when it tries.
      const digest = find(version, precision).file?.digest;
      emitter.emit({ name: version.name, version: version.version, digest });
    };
    const entry = { name: ref.name, check };
    let listeners = 0;
    return {
      onChanged: (listener) => {
        const subscription = emitter.event(listener);
        let active = true;
        listeners += 1;
        this.#followed.add(entry);
        return {
          [Symbol.dispose]: () => {
            subscription[Symbol.dispose]();
            if (active) listeners -= 1;
            active = false;
            if (listeners === 0) this.#followed.delete(entry);
          },
        };
      },
      seen: (version, wanted) => {
        last = version.version;
        return identify(version, wanted);
      },
    };
  }

  /**
   * Tells the followers of a model's references what has changed, one change after the other. The call that made the change does
   * not wait: what it has done must not become a failure because time runs out while others are told.
   */
  announce(name: string): void {
    this.#told = this.#told.then(() => this.#tell(name));
  }

  /** Resolves when everything that was announced so far is told. Never rejects. */
  told(): Promise<void> {
    return this.#told;
  }

  async #tell(name: string): Promise<void> {
    for (const { name: followed, check } of [...this.#followed]) {
      if (followed !== name) continue;
      try {
        await check();
      } catch (error) {
        this.#logger.error("A change of a model could not be announced", { model: name, error });
      }
    }
  }
}

function identify(version: VersionRecord, precision: Precision | undefined): ModelFile {
  const { name, version: number, flavor } = version;
  const { file, path } = find(version, precision);
  if (file !== undefined) return { identity: { name, version: number, digest: file.digest }, file };
  const ref = formatModelRef({ name, version: number });
  if (path !== undefined) {
    throw new ModelwrightError("STORE_NOT_FOUND", `${ref} has no variant ${path}; register that file with it`, {
      details: { store: ref, key: path },
    });
  }
  const reason = `${ref} has the flavor ${flavor}, not onnx`;
  throw new ModelwrightError("MODEL_UNSUPPORTED", `${reason}; load its files with ModelRegistry.load`, { details: { reason } });
}

/** The file that is the model, or the variant, and its path where there is no such file; neither of a version of another flavor. */
function find(
  { flavor, files }: VersionRecord,
  precision: Precision | undefined,
): { readonly file?: VersionFile | undefined; readonly path?: string } {
  const model = flavor === "onnx" ? modelPath(files.map(({ path }) => path)) : undefined;
  if (model === undefined) return {};
  const path = precision === undefined ? model : variantPath(model, precision);
  const file =
    files.find((each) => each.path === path) ?? (precision === "fp32" ? files.find((each) => each.path === model) : undefined);
  return { file, path };
}
